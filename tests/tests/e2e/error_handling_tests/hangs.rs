//! A game that does not come back: no supervisor can stop it, and yet nobody else is to notice.

use super::*;

#[tokio::test]
async fn a_room_that_loops_for_ever_is_closed_and_the_sockets_and_the_other_rooms_go_on() {
    let server = with_bomb().dev().unlimited().start().await;
    let mut next_door = Bystanders::in_a_room(&server).await;
    let mut ada = server.connect(Format::Json).await;
    let mut bob = server.connect(Format::MsgPack).await;
    let room = ada.create("bomb").await;
    bob.join(&room).await;
    ada.view(&room, "a state", |_| true).await;

    ada.input(&room, 1, json!({ "boom": "loop" })).await;

    for client in [&mut ada, &mut bob] {
        let closed = client.push("room.closed").await;
        assert_eq!((&closed["room"], &closed["reason"]), (&json!(room), &json!("stuck")));
    }
    next_door.notice_nothing().await;
    for client in [&mut ada, &mut bob] {
        let refused = client.refused("room.join", json!({ "room": room }), "room_closed").await;
        assert_eq!(refused["details"]["reason"], "stuck", "{refused}");
        let again = client.create("bomb").await;
        client.ticks(&again, 5).await;
    }
    next_door.notice_nothing().await;
    assert!(server.log().iter().any(|line| line.contains("stuck") || line.contains("been at one")));
}

#[tokio::test]
async fn a_server_on_one_core_that_hangs_is_ended_with_70_and_its_rooms_come_back() {
    let mut server = with_bomb().on_one_core().start().await;
    let mut ada = server.connect(Format::Json).await;
    let mut bob = server.connect(Format::MsgPack).await;
    let room = ada.create("bomb").await;
    let (own, mut cyd) = (bob.create("bomb").await, server.connect(Format::Json).await);
    cyd.join(&own).await;
    bob.input(&own, 1, json!({ "add": 4 })).await;
    bob.settled(&own, 1).await;

    ada.input(&room, 1, json!({ "boom": "loop" })).await;

    assert_eq!(server.ended().await.code(), Some(70));
    server.start_again().await;
    for client in [&mut bob, &mut cyd] {
        client.cut();
        client.resume(&server).await;
    }
    let view = bob.view(&own, "the state", |_| true).await;
    assert_eq!(view.at("/sums"), Some(&json!({ "0": 4, "1": 0 })));
    cyd.ticks(&own, 5).await;
}
