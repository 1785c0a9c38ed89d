//! Held against what rmp writes.

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
