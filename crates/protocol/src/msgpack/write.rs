//! Writing MessagePack by hand, where state frames need it: each value in its shortest form.

/// An integer from 0.
pub(crate) fn uint(bytes: &mut Vec<u8>, value: u64) {
    match value {
        0..=0x7f => bytes.push(value as u8),
        0x80..=0xff => bytes.extend_from_slice(&[0xcc, value as u8]),
        0x100..=0xffff => marked16(bytes, 0xcd, value as u16),
        0x1_0000..=0xffff_ffff => marked32(bytes, 0xce, value as u32),
        _ => marked64(bytes, 0xcf, value),
    }
}

pub(crate) fn int(bytes: &mut Vec<u8>, value: i64) {
    match value {
        0.. => uint(bytes, value as u64),
        -0x20..=-1 => bytes.push(value as u8),
        -0x80..=-0x21 => bytes.extend_from_slice(&[0xd0, value as u8]),
        -0x8000..=-0x81 => marked16(bytes, 0xd1, value as u16),
        -0x8000_0000..=-0x8001 => marked32(bytes, 0xd2, value as u32),
        _ => marked64(bytes, 0xd3, value as u64),
    }
}

/// In five bytes where that loses nothing.
pub(crate) fn float(bytes: &mut Vec<u8>, value: f64) {
    let short = value as f32;
    if f64::from(short) == value {
        marked32(bytes, 0xca, short.to_bits());
    } else {
        marked64(bytes, 0xcb, value.to_bits());
    }
}

/// The head of a string; its bytes follow.
pub(crate) fn string_head(bytes: &mut Vec<u8>, len: usize) {
    match len {
        len @ 0..=0x1f => bytes.push(0xa0 | len as u8),
        len @ 0x20..=0xff => bytes.extend_from_slice(&[0xd9, len as u8]),
        len @ 0x100..=0xffff => marked16(bytes, 0xda, len as u16),
        len => marked32(bytes, 0xdb, len as u32),
    }
}

/// The head of an array; its items follow.
pub(crate) fn array(bytes: &mut Vec<u8>, len: usize) {
    head(bytes, len, [0x90, 0xdc, 0xdd]);
}

/// The head of a map; its keys and values follow.
pub(crate) fn map(bytes: &mut Vec<u8>, len: usize) {
    head(bytes, len, [0x80, 0xde, 0xdf]);
}

fn head(bytes: &mut Vec<u8>, len: usize, [fix, short, long]: [u8; 3]) {
    match len {
        0..=0xf => bytes.push(fix | len as u8),
        0x10..=0xffff => marked16(bytes, short, len as u16),
        _ => marked32(bytes, long, len as u32),
    }
}

fn marked16(bytes: &mut Vec<u8>, marker: u8, value: u16) {
    let [a, b] = value.to_be_bytes();
    bytes.extend_from_slice(&[marker, a, b]);
}

fn marked32(bytes: &mut Vec<u8>, marker: u8, value: u32) {
    let [a, b, c, d] = value.to_be_bytes();
    bytes.extend_from_slice(&[marker, a, b, c, d]);
}

fn marked64(bytes: &mut Vec<u8>, marker: u8, value: u64) {
    let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
    bytes.extend_from_slice(&[marker, a, b, c, d, e, f, g, h]);
}

#[cfg(test)]
mod tests;
