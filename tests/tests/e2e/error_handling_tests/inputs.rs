//! Inputs that the game does not take: settled, told to their sender, and of no effect on anyone else.

use super::*;

#[tokio::test]
async fn an_input_that_the_game_cannot_read_is_rejected_with_the_place() {
    let server = with_bomb().unlimited().start().await;
    for format in Format::BOTH {
        let mut bystanders = Bystanders::in_a_room(&server).await;
        let room = bystanders.room.clone();
        let mut client = server.connect(format).await;
        client.join(&room).await;
        for (n, (input, pointer)) in [
            (json!({ "add": "one" }), "/data/input/add"),
            (json!({ "add": 1.5 }), "/data/input/add"),
            (json!({ "boom": "nowhere" }), "/data/input/boom"),
            (json!({ "no such": 1 }), "/data/input"),
            (json!("up"), "/data/input"),
            (json!(7), "/data/input"),
            (Value::Null, "/data/input"),
        ]
        .into_iter()
        .enumerate()
        {
            let seq = n as u64 + 1;
            client.input(&room, seq, input.clone()).await;
            let rejected = client.push("room.input_rejected").await;
            assert_eq!((&rejected["room"], &rejected["seq"]), (&json!(room), &json!(seq)));
            assert_eq!(rejected["code"], "bad_request", "{rejected}");
            let at = rejected["details"]["pointer"].as_str().unwrap_or_default();
            assert!(at.starts_with(pointer), "{input}: {rejected}");
            client.settled(&room, seq).await;
            if n == 3 {
                // Five a second are told; the others are counted.
                client.ticks(&room, 22).await;
            }
        }
        let data = json!({ "room": room, "seq": 20, "input": { "add": "one" } });
        client.ticks(&room, 22).await;
        client.refused("room.input", data, "bad_request").await;
        client.input(&room, 21, json!({ "add": 4 })).await;
        assert_eq!(client.settled(&room, 21).await.at("/sums/2"), Some(&json!(4)));
        bystanders.notice_nothing().await;
    }
}

#[tokio::test]
async fn an_input_that_the_game_refuses_is_told_in_the_games_own_code() {
    let server = with_bomb().start().await;
    let mut ada = server.connect(Format::Json).await;
    let room = ada.create("bomb").await;
    ada.input(&room, 1, json!({ "add": -1 })).await;
    let rejected = ada.push("room.input_rejected").await;
    assert_eq!((&rejected["seq"], &rejected["code"]), (&json!(1), &json!("input_refused")));
    assert_eq!(rejected["details"]["game"], "negative");
    assert!(rejected["message"].as_str().is_some_and(|text| !text.is_empty()));
    let data = json!({ "room": room, "seq": 2, "input": { "add": -1 } });
    let error = ada.refused("room.input", data, "input_refused").await;
    assert_eq!(error["details"]["game"], "negative");
    assert_eq!(ada.settled(&room, 2).await.at("/sums/0"), Some(&json!(0)));
}

#[tokio::test]
async fn of_many_rejections_five_a_second_are_told_and_the_rest_counted() {
    let server = with_bomb().unlimited().start().await;
    let mut ada = server.connect(Format::MsgPack).await;
    let room = ada.create("bomb").await;
    for seq in 1..=50 {
        ada.input(&room, seq, json!({ "add": -1 })).await;
    }
    ada.settled(&room, 50).await;
    ada.ticks(&room, 22).await;
    ada.input(&room, 51, json!({ "add": -1 })).await;
    let (mut told, mut spared) = (0, 0);
    loop {
        let rejected = ada.push("room.input_rejected").await;
        told += 1;
        spared += rejected["more"].as_u64().unwrap_or(0);
        if rejected["seq"] == 51 {
            break;
        }
    }
    assert_eq!(told + spared, 51);
    assert!(told <= 11, "{told} were told");
}
