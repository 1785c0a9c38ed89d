//! A room whose game panics: every socket stays open, every seat is kept, the next tick arrives under a higher epoch,
//! and other rooms do not notice.

use super::*;

/// A room with two members, in the two formats, and another room next to it.
struct Scene {
    server: Server,
    ada: Client,
    bob: Client,
    room: String,
    next_door: Bystanders,
}

impl Scene {
    async fn set() -> Scene {
        let server = with_bomb().start().await;
        let next_door = Bystanders::in_a_room(&server).await;
        let mut ada = server.connect(Format::Json).await;
        let mut bob = server.connect(Format::MsgPack).await;
        let room = ada.create("bomb").await;
        bob.join(&room).await;
        ada.push("room.joined").await;
        ada.input(&room, 1, json!({ "add": 3 })).await;
        bob.input(&room, 1, json!({ "add": 4 })).await;
        ada.settled(&room, 1).await;
        bob.settled(&room, 1).await;
        Scene { server, ada, bob, room, next_door }
    }

    fn epoch(&self) -> u64 {
        self.ada.room(&self.room).joined["epoch"].as_u64().expect("an epoch")
    }

    /// Both have been told, hold a snapshot of the same later life, see the same, and time goes on.
    async fn recovered(&mut self) -> Recovered {
        let before = self.epoch();
        let Scene { ada, bob, room, next_door, .. } = self;
        let told = ada.push("room.recovered").await;
        assert_eq!(bob.push("room.recovered").await, told);
        assert_eq!(told["room"], json!(room));
        let epoch = told["epoch"].as_u64().expect("an epoch");
        assert!(epoch > before, "{told} after epoch {before}");
        for client in [&mut *ada, &mut *bob] {
            let first = client.view(room, "the next life", |view| view.epoch >= epoch).await;
            assert!(first.tick >= told["tick"].as_u64().expect("a tick"), "{told}");
            let view = client.ticks(room, 3).await;
            assert_eq!(view.at("/beats"), Some(&json!(view.tick)), "a tick was lost or made twice");
            client.alive().await;
            for kind in ["room.left", "room.closed"] {
                assert!(!client.has_push(kind), "{kind}");
            }
        }
        next_door.notice_nothing().await;
        let lost = |member: &str| told[member].as_u64().expect("a count");
        Recovered { epoch, ticks_lost: lost("ticks_lost"), inputs_lost: lost("inputs_lost") }
    }

    /// The members' numbers as both see them, once they are so.
    async fn sums(&mut self, expected: Value) {
        for client in [&mut self.ada, &mut self.bob] {
            let what = format!("the sums {expected}");
            client.view(&self.room, &what, |view| view.at("/sums") == Some(&expected)).await;
        }
    }
}

#[derive(Debug, PartialEq)]
struct Recovered {
    epoch: u64,
    ticks_lost: u64,
    inputs_lost: u64,
}

fn exact(epoch: u64) -> Recovered {
    Recovered { epoch, ticks_lost: 0, inputs_lost: 0 }
}

#[tokio::test]
async fn an_input_that_panics_is_set_aside_and_nothing_else_is_lost() {
    let mut scene = Scene::set().await;
    let (epoch, room) = (scene.epoch(), scene.room.clone());
    scene.ada.input(&room, 2, json!({ "boom": "input", "add": 1_000 })).await;
    // What both do at the same time is behind it in the queue, or before it.
    scene.ada.input(&room, 3, json!({ "add": 10 })).await;
    for seq in 2..=6 {
        scene.bob.input(&room, seq, json!({ "add": 1 })).await;
    }
    let rejected = scene.ada.push("room.input_rejected").await;
    assert_eq!((&rejected["seq"], &rejected["code"]), (&json!(2), &json!("input_poison")));
    assert_eq!(scene.recovered().await, exact(epoch + 1));
    scene.sums(json!({ "0": 13, "1": 9 })).await;
    assert_eq!(scene.ada.settled(&room, 3).await.ack, 3);
    assert_eq!(scene.bob.settled(&room, 6).await.ack, 6);
    assert!(!scene.bob.has_push("room.input_rejected"));
    // Whoever waits for a reply gets it.
    let data = json!({ "room": room, "seq": 7, "input": { "boom": "input" } });
    scene.bob.refused("room.input", data, "input_poison").await;
    assert_eq!(scene.recovered().await, exact(epoch + 2));
    scene.sums(json!({ "0": 13, "1": 9 })).await;
}

#[tokio::test]
async fn a_tick_that_panics_once_is_made_again_and_nothing_is_lost() {
    let mut scene = Scene::set().await;
    let (epoch, room) = (scene.epoch(), scene.room.clone());
    scene.ada.input(&room, 2, json!({ "boom": "tick", "fuse": "once", "add": 10 })).await;
    scene.bob.input(&room, 2, json!({ "add": 10 })).await;
    assert_eq!(scene.recovered().await, exact(epoch + 1));
    scene.sums(json!({ "0": 13, "1": 14 })).await;
    assert_eq!(scene.ada.settled(&room, 2).await.ack, 2);
}

#[tokio::test]
async fn a_tick_that_panics_again_goes_back_to_the_checkpoint_and_the_members_stay() {
    let mut scene = Scene::set().await;
    let (epoch, room) = (scene.epoch(), scene.room.clone());
    // From here on every tick panics, until the input that did it is out of the log.
    scene.ada.input(&room, 2, json!({ "boom": "tick" })).await;
    let mut last = scene.recovered().await;
    while scene.ada.has_push("room.recovered") {
        last = scene.recovered().await;
    }
    assert!(last.epoch <= epoch + 3, "{last:?} after epoch {epoch}");
    for client in [&mut scene.ada, &mut scene.bob] {
        let view = client.view(&room, "both seats", |view| view.at("/sums/0").is_some()).await;
        assert!(view.at("/sums/1").is_some(), "{view:?}");
    }
    let seq = scene.ada.room(&room).ack + 1;
    scene.ada.input(&room, seq, json!({ "add": 1 })).await;
    scene.ada.settled(&room, seq).await;
}

#[tokio::test]
async fn a_join_that_panics_is_refused_for_now_and_takes_no_seat() {
    let mut scene = Scene::set().await;
    let (epoch, room) = (scene.epoch(), scene.room.clone());
    scene.ada.input(&room, 2, json!({ "boom": "join", "fuse": "a join" })).await;
    scene.ada.settled(&room, 2).await;
    let mut carol = scene.server.connect(Format::Json).await;
    let error = carol.refused("room.join", json!({ "room": room }), "internal").await;
    assert_eq!(error["temporary"], true);
    assert_eq!(scene.recovered().await, exact(epoch + 1));
    scene.sums(json!({ "0": 3, "1": 4 })).await;
    assert!(!scene.ada.has_push("room.joined"));
    assert_eq!(carol.join(&room).await["seat"], 2);
    scene.sums(json!({ "0": 3, "1": 4, "2": 0 })).await;
    carol.ticks(&room, 2).await;
}

#[tokio::test]
async fn a_leave_that_panics_frees_the_seat() {
    let mut scene = Scene::set().await;
    let (epoch, room) = (scene.epoch(), scene.room.clone());
    let mut carol = scene.server.connect(Format::Json).await;
    carol.join(&room).await;
    scene.ada.input(&room, 2, json!({ "boom": "leave", "fuse": "a leave" })).await;
    scene.ada.settled(&room, 2).await;
    assert_eq!(carol.ok("room.leave", json!({ "room": room })).await, json!({}));
    for client in [&mut scene.ada, &mut scene.bob] {
        assert_eq!(client.push("room.left").await["seat"], 2);
    }
    assert_eq!(scene.recovered().await, exact(epoch + 1));
    scene.sums(json!({ "0": 3, "1": 4 })).await;
    assert_eq!(carol.join(&room).await["seat"], 2);
    scene.sums(json!({ "0": 3, "1": 4, "2": 0 })).await;
}

#[tokio::test]
async fn a_view_that_panics_goes_back_to_the_checkpoint_and_the_members_stay() {
    let mut scene = Scene::set().await;
    let (epoch, room) = (scene.epoch(), scene.room.clone());
    scene.ada.input(&room, 2, json!({ "boom": "view" })).await;
    let recovered = scene.recovered().await;
    assert_eq!(recovered.epoch, epoch + 1);
    assert!(recovered.inputs_lost >= 1, "the one that did it is lost: {recovered:?}");
    // The sequence of inputs goes on where the checkpoint left it.
    let seq = scene.ada.room(&room).ack + 1;
    scene.ada.input(&room, seq, json!({ "add": 1 })).await;
    let view = scene.ada.settled(&room, seq).await;
    assert!(view.at("/sums/0").is_some() && view.at("/sums/1").is_some(), "{view:?}");
}

#[tokio::test]
async fn a_checkpoint_that_panics_goes_back_to_the_one_before() {
    let mut scene = Scene::set().await;
    let (epoch, room) = (scene.epoch(), scene.room.clone());
    // 64 KiB of log make one due.
    let pad = "x".repeat(14_000);
    for seq in 2..=7 {
        scene.ada.input(&room, seq, json!({ "boom": "checkpoint", "pad": pad })).await;
    }
    let recovered = scene.recovered().await;
    assert_eq!(recovered.epoch, epoch + 1);
    let seq = scene.ada.room(&room).ack + 20;
    scene.ada.input(&room, seq, json!({ "add": 1 })).await;
    scene.ada.settled(&room, seq).await;
}

#[tokio::test]
async fn a_room_that_cannot_be_helped_is_closed_and_the_sockets_stay() {
    let server = with_bomb().start().await;
    let mut next_door = Bystanders::in_a_room(&server).await;
    let mut members = Vec::new();
    let mut room = String::new();
    for format in Format::BOTH {
        let mut client = server.connect(format).await;
        if room.is_empty() {
            let wish = json!({ "game": "bomb", "options": { "doomed": true } });
            room =
                client.ok("room.create", wish).await["room"].as_str().expect("a room").to_owned();
        } else {
            // It may be between two lives, or over already.
            let _ = client.request("room.join", json!({ "room": room })).await;
        }
        members.push(client);
    }
    let closed = members[0].push("room.closed").await;
    assert_eq!((&closed["room"], &closed["reason"]), (&json!(room), &json!("crashed")));
    assert!(closed["message"].as_str().is_some_and(|text| !text.is_empty()), "{closed}");
    for client in &mut members {
        let kept_apart = client.refused("room.join", json!({ "room": room }), "room_closed").await;
        assert_eq!(kept_apart["details"]["reason"], "crashed", "{kept_apart}");
        assert!(kept_apart["details"]["until_ms"].is_u64(), "{kept_apart}");
        let again = client.create("bomb").await;
        client.ticks(&again, 2).await;
    }
    let shown = server.get_as(&server.guest().await, &format!("/v1/rooms/{room}")).await;
    let problem = shown.problem(409, "room_closed");
    assert_eq!(problem["details"]["reason"], "crashed", "{problem}");
    assert!(problem["details"]["until_ms"].is_u64(), "{problem}");
    next_door.notice_nothing().await;
}

#[tokio::test]
async fn many_rooms_that_crash_at_once_harm_no_other() {
    let server = with_bomb().unlimited().start().await;
    let mut next_door = Bystanders::in_a_room(&server).await;
    let mut crashing = Vec::new();
    for n in 0..20 {
        let mut client = server.connect(Format::BOTH[n % 2]).await;
        let room = client.create("bomb").await;
        client.view(&room, "a state", |_| true).await;
        crashing.push((client, room));
    }
    for (client, room) in &mut crashing {
        client.input(room, 1, json!({ "boom": "input" })).await;
        client.input(room, 2, json!({ "add": 1 })).await;
    }
    for (client, room) in &mut crashing {
        assert_eq!(client.push("room.recovered").await["ticks_lost"], 0);
        let view = client.settled(room, 2).await;
        assert_eq!(
            (view.at("/sums/0"), view.at("/beats")),
            (Some(&json!(1)), Some(&json!(view.tick)))
        );
    }
    next_door.notice_nothing().await;
}
