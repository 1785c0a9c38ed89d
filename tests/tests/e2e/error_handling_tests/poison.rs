//! Who crashes a room twice within a minute loses the seat.

use super::*;

#[tokio::test]
async fn the_second_poison_of_a_player_costs_the_seat_and_not_the_socket() {
    let server = with_bomb().start().await;
    for format in Format::BOTH {
        let mut bystanders = Bystanders::in_a_room(&server).await;
        let mut bob = server.connect(Format::Json).await;
        let mallory = server.guest().await;
        let mut client = server.socket_of(&mallory, format).await;
        let room = bob.create("bomb").await;
        client.join(&room).await;
        bob.input(&room, 1, json!({ "add": 5 })).await;
        bob.settled(&room, 1).await;

        client.input(&room, 1, json!({ "boom": "input" })).await;
        assert_eq!(client.push("room.input_rejected").await["code"], "input_poison");
        bob.push("room.recovered").await;
        client.input(&room, 2, json!({ "add": 1 })).await;
        client.settled(&room, 2).await;
        assert!(client.is_in(&room) && !client.has_push("room.closed"), "once is an accident");

        client.input(&room, 3, json!({ "boom": "input" })).await;
        let closed = client.push("room.closed").await;
        assert_eq!((&closed["room"], &closed["reason"]), (&json!(room), &json!("kicked")));
        assert!(closed["message"].is_string(), "{closed}");
        assert_eq!(bob.push("room.left").await["seat"], 1);
        bob.push("room.recovered").await;
        let view =
            bob.view(&room, "the seat to be free", |view| view.at("/sums/1").is_none()).await;
        assert_eq!(view.at("/sums"), Some(&json!({ "0": 5 })), "nothing of the other's is lost");
        bob.ticks(&room, 3).await;

        // Neither on this socket nor on another one.
        client.refused("room.join", json!({ "room": room }), "forbidden").await;
        let mut again = server.socket_of(&mallory, format).await;
        again.refused("room.join", json!({ "room": room }), "forbidden").await;
        client
            .refused("room.input", json!({ "room": room, "seq": 4, "input": {} }), "not_joined")
            .await;
        // Elsewhere they may play.
        let other = client.create("bomb").await;
        client.ticks(&other, 2).await;
        bystanders.notice_nothing().await;
    }
}

#[tokio::test]
async fn each_player_is_charged_alone() {
    let server = with_bomb().start().await;
    let mut members = Vec::new();
    for format in [Format::Json, Format::MsgPack, Format::Json] {
        members.push(server.connect(format).await);
    }
    let room = members[0].create("bomb").await;
    for member in &mut members[1..] {
        member.join(&room).await;
    }
    // Each once: three crashes, and nobody loses a seat.
    for member in &mut members {
        member.input(&room, 1, json!({ "boom": "input" })).await;
        assert_eq!(member.push("room.input_rejected").await["code"], "input_poison");
    }
    for member in &mut members {
        for _ in 0..3 {
            member.push("room.recovered").await;
        }
        member.input(&room, 2, json!({ "add": 1 })).await;
        member.settled(&room, 2).await;
        member.alive().await;
        assert!(!member.has_push("room.left") && !member.has_push("room.closed"));
    }
}
