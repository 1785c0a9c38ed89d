//! Short strings and long ones are strings.

use proptest::prelude::*;

use super::*;

#[test]
fn edges_of_the_short_form_read_back() {
    for text in ["", "a", "\0", "a\0", "123456789012345", "1234567890123456", "ééééééé", "éééééééé"]
    {
        assert_eq!(Text::new(text).to_string(), text);
    }
    assert!(Text::new("a") < Text::new("a\0"));
    assert!(matches!(Text::new("123456789012345"), Text::Short(..)));
}

#[test]
fn integers_are_what_their_digits_are() {
    let ten = 10_i128;
    for edge in [0, 9, 10, 99, 65_535, ten.pow(13), ten.pow(14), ten.pow(15), u64::MAX.into()] {
        for value in [edge - 1, edge, edge + 1, -edge, 1 - edge] {
            assert_eq!(Text::decimal(value), Text::new(&value.to_string()), "{value}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn texts_are_ordered_as_strings_are(a in "[\0a-cé]{0,18}", b in "[\0a-cé]{0,18}") {
        prop_assert_eq!(Text::new(&a).cmp(&Text::new(&b)), a.cmp(&b));
        prop_assert_eq!(Text::new(&a) == Text::new(&b), a == b);
        prop_assert_eq!(Text::new(&a).to_string(), a);
    }
}
