//! Writing MessagePack by hand, where state frames need it: each value in its shortest form.

/// An integer from 0.
pub(crate) fn uint(bytes: &mut Vec<u8>, value: u64) {
    match value {
        0..=0x7f => bytes.push(value as u8),
        0x80..=0xff => bytes.extend_from_slice(&[0xcc, value as u8]),
        0x100..=0xffff => marked(bytes, 0xcd, (value as u16).to_be_bytes()),
        0x1_0000..=0xffff_ffff => marked(bytes, 0xce, (value as u32).to_be_bytes()),
        _ => marked(bytes, 0xcf, value.to_be_bytes()),
    }
}

pub(crate) fn int(bytes: &mut Vec<u8>, value: i64) {
    match value {
        0.. => uint(bytes, value as u64),
        -0x20..=-1 => bytes.push(value as u8),
        -0x80..=-0x21 => bytes.extend_from_slice(&[0xd0, value as u8]),
        -0x8000..=-0x81 => marked(bytes, 0xd1, (value as i16).to_be_bytes()),
        -0x8000_0000..=-0x8001 => marked(bytes, 0xd2, (value as i32).to_be_bytes()),
        _ => marked(bytes, 0xd3, value.to_be_bytes()),
    }
}

/// In five bytes where that loses nothing.
pub(crate) fn float(bytes: &mut Vec<u8>, value: f64) {
    let short = value as f32;
    if f64::from(short) == value {
        marked(bytes, 0xca, short.to_be_bytes());
    } else {
        marked(bytes, 0xcb, value.to_be_bytes());
    }
}

/// The head of a string; its bytes follow.
pub(crate) fn string_head(bytes: &mut Vec<u8>, len: usize) {
    match len {
        len @ 0..=0x1f => bytes.push(0xa0 | len as u8),
        len @ 0x20..=0xff => bytes.extend_from_slice(&[0xd9, len as u8]),
        len @ 0x100..=0xffff => marked(bytes, 0xda, (len as u16).to_be_bytes()),
        len => marked(bytes, 0xdb, (len as u32).to_be_bytes()),
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
        0x10..=0xffff => marked(bytes, short, (len as u16).to_be_bytes()),
        _ => marked(bytes, long, (len as u32).to_be_bytes()),
    }
}

fn marked<const N: usize>(bytes: &mut Vec<u8>, marker: u8, value: [u8; N]) {
    bytes.reserve(1 + N);
    bytes.push(marker);
    bytes.extend_from_slice(&value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_as_rmp_writes_them() {
        let edges = [0, 1 << 7, 1 << 8, 1 << 15, 1 << 16, 1 << 31, 1 << 32, i64::MAX, i64::MIN];
        for edge in edges {
            for value in [-1, 0, 1, -32, -33].map(|step| edge.wrapping_add(step)) {
                for value in [value, value.wrapping_neg()] {
                    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                    int(&mut ours, value);
                    rmp::encode::write_sint(&mut theirs, value).unwrap();
                    assert_eq!(ours, theirs, "{value}");
                }
            }
        }
    }

    #[test]
    fn lengths_are_written_as_rmp_writes_them() {
        for len in [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            string_head(&mut ours, len);
            array(&mut ours, len);
            map(&mut ours, len);
            rmp::encode::write_str_len(&mut theirs, len as u32).unwrap();
            rmp::encode::write_array_len(&mut theirs, len as u32).unwrap();
            rmp::encode::write_map_len(&mut theirs, len as u32).unwrap();
            assert_eq!(ours, theirs, "{len}");
        }
    }
}
