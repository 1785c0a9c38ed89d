//! What is seen in a value without reading it.

use super::*;

#[test]
fn brackets_in_strings_do_not_nest() {
    assert_eq!(shape(br#"[{"a[[":"]\"[{"}]"#), Shape { depth: 2, doubtful: false });
    assert_eq!(shape(b"7"), Shape { depth: 0, doubtful: false });
    assert_eq!(shape(b"[true,false,[1.5,-20]]"), Shape { depth: 2, doubtful: false });
}

#[test]
fn what_not_every_reader_takes_is_doubtful() {
    assert!(shape(br#""\ud800""#).doubtful);
    assert!(shape(b"1e999").doubtful);
    assert!(shape(b"-1.5E5").doubtful);
    assert!(shape("9".repeat(400).as_bytes()).doubtful);
    assert!(!shape(br#""\\ud800 1e999""#).doubtful);
}
