//! Ids as text, in both formats.

use super::*;

#[test]
fn a_room_code_reads_back_as_itself_and_forgives_the_letters_people_mix_up() {
    let room = RoomId::from_bits(0x1_2345_6789_ABCD);
    let text = room.to_string();
    assert_eq!(text.len(), 10);
    assert_eq!(text.parse(), Ok(room));
    assert_eq!(text.to_lowercase().parse(), Ok(room));
    assert_eq!("oil0000000".parse::<RoomId>(), "0110000000".parse());
    assert!("0000000U00".parse::<RoomId>().is_err());
    assert!("00000".parse::<RoomId>().is_err());
}

#[test]
fn ids_are_text_in_both_formats() {
    let player = PlayerId::new();
    let json = serde_json::to_string(&player).unwrap();
    assert_eq!(json, format!("\"{player}\""));
    let packed = rmp_serde::to_vec_named(&player).unwrap();
    assert_eq!(rmp_serde::from_slice::<String>(&packed).unwrap(), player.to_string());
    assert_eq!(rmp_serde::from_slice::<PlayerId>(&packed).unwrap(), player);
}
