//! A server under light load: a room with ticks and two members, another one next to it, a relay with two members.

use std::time::Duration;

use super::*;

/// How often it is looked whether something has restarted.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A room of the game with ticks.
struct Table {
    ada: Client,
    bob: Client,
    room: String,
    /// Inputs that each has sent; each adds one.
    seq: u64,
    epoch: u64,
}

pub(super) struct Scene {
    server: Server,
    crashing: Table,
    next_door: Table,
    carol: Client,
    dave: Client,
    relay: String,
    said: u64,
    /// How often each supervisor has started again.
    incarnations: Vec<(String, u64)>,
}

impl Table {
    async fn set(server: &Server) -> Table {
        let mut ada = server.connect(Format::Json).await;
        let mut bob = server.connect(Format::MsgPack).await;
        let room = ada.create("bomb").await;
        bob.join(&room).await;
        bob.view(&room, "a state", |_| true).await;
        let epoch = ada.view(&room, "a state", |_| true).await.epoch;
        let mut table = Table { ada, bob, room, seq: 0, epoch };
        table.play().await;
        table
    }

    /// Both add one, see the sums of all that was ever settled, and time goes on.
    async fn play(&mut self) {
        self.seq += 1;
        let Table { ada, bob, room, seq, .. } = self;
        ada.input(room, *seq, json!({ "add": 1 })).await;
        bob.input(room, *seq, json!({ "add": 1 })).await;
        let sums = json!({ "0": *seq, "1": *seq });
        for client in [&mut *ada, &mut *bob] {
            client.settled(room, *seq).await;
            client.view(room, "the sums", |view| view.at("/sums") == Some(&sums)).await;
            let view = client.ticks(room, 2).await;
            assert_eq!(view.at("/beats"), Some(&json!(view.tick)), "a tick was lost or made twice");
            client.alive().await;
            for kind in ["room.left", "room.closed", "room.input_rejected", "error"] {
                assert!(!client.has_push(kind), "{kind}");
            }
        }
    }

    /// Both are told of a higher epoch, without a tick or an input lost, or of nothing.
    async fn told(&mut self, recovered: bool) {
        let Table { ada, bob, room, epoch, .. } = self;
        if !recovered {
            for client in [ada, bob] {
                client.alive().await;
                assert!(!client.has_push("room.recovered"), "a room was disturbed");
                assert_eq!(client.room(room).epoch, *epoch);
            }
            return;
        }
        let told = ada.push("room.recovered").await;
        assert_eq!(bob.push("room.recovered").await, told);
        assert_eq!(told["room"], json!(room));
        assert_eq!((&told["ticks_lost"], &told["inputs_lost"]), (&json!(0), &json!(0)), "{told}");
        let next = told["epoch"].as_u64().expect("an epoch");
        assert!(next > *epoch, "{told} after {epoch}");
        *epoch = next;
        for client in [ada, bob] {
            client.view(room, "the next life", |view| view.epoch == next).await;
        }
    }
}

impl Scene {
    pub(super) async fn set() -> Scene {
        let server = with_bomb().dev().unlimited().start().await;
        let (crashing, next_door) = (Table::set(&server).await, Table::set(&server).await);
        let mut carol = server.connect(Format::Json).await;
        let mut dave = server.connect(Format::MsgPack).await;
        let relay = carol.create("relay").await;
        dave.join(&relay).await;
        let mut scene = Scene {
            server,
            crashing,
            next_door,
            carol,
            dave,
            relay,
            said: 0,
            incarnations: Vec::new(),
        };
        scene.incarnations = scene.supervisors().await;
        scene
    }

    /// The row with the names of this scene in it.
    fn named(&self, text: &str) -> String {
        let id = if text.contains("room") {
            self.crashing.room.clone()
        } else {
            self.crashing.ada.welcome["session"].as_str().expect("a session").to_owned()
        };
        text.replace("<id>", &id)
    }

    async fn node(&self, path: &str) -> Value {
        self.server.get(&format!("/v1/admin/supervision?path={path}")).await.ok(200)
    }

    /// The children of the root, with how often each has started again.
    async fn supervisors(&self) -> Vec<(String, u64)> {
        let tree = self.server.get("/v1/admin/supervision").await.ok(200);
        let children = tree["children"].as_array().expect("children").iter();
        let of = |child: &Value| {
            let name = child["name"].as_str().expect("a name").to_owned();
            (name, child["incarnation"].as_u64().expect("a number"))
        };
        children.map(of).collect()
    }

    /// Crashes what the row names, for the `n`th time, and waits until it runs again.
    pub(super) async fn crash(&mut self, row: &Row, n: u64) {
        let path = format!("/root/{}", self.named(row.path));
        assert_eq!(self.node(&path).await["restarts"], n - 1, "{row:?}");
        let order = json!({ "crash": self.named(row.crash) });
        assert_eq!(self.server.post("/v1/admin/chaos", order).await.ok(202), json!({}));
        let restarted = async {
            loop {
                // While the edge restarts a call waits; it is not refused.
                let node = self.node(&path).await;
                if node["restarts"] == n && node["state"] == "running" {
                    return node;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let restarted = tokio::time::timeout(e2e::BOUND, restarted).await;
        let node = restarted.unwrap_or_else(|_| panic!("it is not back: {row:?}"));
        assert_eq!(node["incarnation"], n, "{node}");
        assert!(node["last_reason"].as_str().is_some_and(|it| it.contains("on order")), "{node}");
        let incidents = self.server.get("/v1/admin/incidents").await.ok(200);
        let items = incidents["items"].as_array().expect("items");
        assert_eq!(items.len() as u64, n, "one incident a crash, and none beside: {incidents}");
        let last = &items[0];
        assert_eq!((&last["path"], &last["decision"]), (&json!(path), &json!("restart")));
        assert_eq!(last["restarts"], n);
        self.only_those_behind_restart(row).await;
    }

    async fn only_those_behind_restart(&mut self, row: &Row) {
        let expected: Vec<_> = self
            .incarnations
            .iter()
            .map(|(name, starts)| {
                let again = row.path == name || row.behind.contains(&name.as_str());
                (name.clone(), starts + u64::from(again))
            })
            .collect();
        let all_back = async {
            while self.supervisors().await != expected {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(e2e::BOUND, all_back).await.is_err() {
            panic!("{:?} instead of {expected:?} after {row:?}", self.supervisors().await);
        }
        self.incarnations = expected;
    }

    pub(super) async fn everything_goes_on(&mut self, row: &Row, n: u64) {
        self.crashing.told(row.seen != Seen::Nothing).await;
        self.next_door.told(row.seen == Seen::RoomsRecovered).await;
        self.crashing.play().await;
        self.next_door.play().await;
        self.said += 1;
        let (from_carol, from_dave) = (json!({ "carol": self.said }), json!({ "dave": self.said }));
        let send = |payload: &Value| json!({ "room": self.relay, "payload": payload });
        self.carol.tell("room.send", send(&from_carol)).await;
        self.dave.tell("room.send", send(&from_dave)).await;
        assert_eq!(self.dave.push("room.message").await["payload"], from_carol);
        assert_eq!(self.carol.push("room.message").await["payload"], from_dave);
        // Who comes now finds everything there.
        let mut late = self.server.connect(Format::BOTH[n as usize % 2]).await;
        let room = late.create("bomb").await;
        late.ticks(&room, 2).await;
        let mut guest = self.server.connect(Format::Json).await;
        guest.join(&room).await;
        assert_eq!(self.server.get("/health").await.ok(200)["status"], "healthy", "{row:?}");
    }
}
