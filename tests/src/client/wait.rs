//! Waiting for what has to come: replies, pushes, states.

use super::*;

impl Client {
    /// Reads until `found` finds something.
    async fn until<T>(&mut self, what: &str, mut found: impl FnMut(&mut Client) -> Option<T>) -> T {
        let deadline = tokio::time::Instant::now() + BOUND;
        loop {
            if let Some(found) = found(self) {
                return found;
            }
            match timeout_at(deadline, self.read()).await {
                Ok(Ok(())) => {}
                Ok(Err(closed)) => panic!("{closed:?} while waiting for {what}{}", self.last()),
                Err(_) => panic!("waited {BOUND:?} for {what}{}", self.last()),
            }
        }
    }

    /// The last frames, for a failure.
    fn last(&self) -> String {
        let last = &self.history[self.history.len().saturating_sub(12)..];
        last.iter().map(|frame| format!("\n  {frame:.300}")).collect()
    }

    /// The outcome of a request: its data or its error.
    pub async fn reply(&mut self, id: u64) -> Result<Value, Value> {
        let mut frame = self
            .until("a reply", |client| {
                let at = client.backlog.iter().position(|frame| frame["id"] == id)?;
                client.backlog.remove(at)
            })
            .await;
        match frame.get("error") {
            Some(error) => Err(checked(error.clone())),
            None => Ok(frame["data"].take()),
        }
    }

    pub async fn request(&mut self, kind: &str, data: Value) -> Result<Value, Value> {
        let id = self.begin(kind, data).await;
        self.reply(id).await
    }

    /// A request that has to succeed.
    pub async fn ok(&mut self, kind: &str, data: Value) -> Value {
        let told = data.to_string();
        match self.request(kind, data).await {
            Ok(data) => data,
            Err(error) => panic!("{kind} {told:.300} was refused: {error}"),
        }
    }

    /// A request that has to be refused with `code`; gives the error.
    pub async fn refused(&mut self, kind: &str, data: Value, code: &str) -> Value {
        let told = data.to_string();
        match self.request(kind, data).await {
            Ok(data) => panic!("{kind} {told:.300} was not refused: {data}"),
            Err(error) => {
                assert_eq!(error["code"], code, "{kind} {told:.300}: {error}");
                error
            }
        }
    }

    /// The data of the next push of that type that nobody has asked for yet.
    pub async fn push(&mut self, kind: &str) -> Value {
        let push = self.until(kind, |client| {
            let at = client.backlog.iter().position(|frame| frame["type"] == kind)?;
            client.backlog.remove(at)
        });
        push.await["data"].take()
    }

    /// Whether such a push has come and has not been asked for.
    pub fn has_push(&self, kind: &str) -> bool {
        self.backlog.iter().any(|frame| frame["type"] == kind)
    }

    /// Reads until the room's view is as wanted, be it now.
    pub async fn view(
        &mut self,
        room: &str,
        what: &str,
        wanted: impl Fn(&RoomView) -> bool,
    ) -> RoomView {
        let seen = |view: &&RoomView| view.state.is_some() && wanted(view);
        self.until(what, |client| client.rooms.get(room).filter(seen).cloned()).await
    }

    /// Reads until the input `seq` is settled.
    pub async fn settled(&mut self, room: &str, seq: u64) -> RoomView {
        self.view(room, &format!("input {seq} to be settled"), |view| view.ack >= seq).await
    }

    /// Reads until the room has gone `ticks` further.
    pub async fn ticks(&mut self, room: &str, ticks: u64) -> RoomView {
        let tick = self.view(room, "a state", |_| true).await.tick + ticks;
        self.view(room, &format!("tick {tick}"), |view| view.tick >= tick).await
    }

    /// Proves that the socket is open and its session answers.
    pub async fn alive(&mut self) {
        let pong = self.ok("ping", json!({})).await;
        assert!(pong["received"].is_u64() && pong["server_ms"].is_u64(), "{pong}");
    }

    /// Makes a room of that game and gives its code.
    pub async fn create(&mut self, game: &str) -> String {
        let joined = self.ok("room.create", json!({ "game": game })).await;
        joined["room"].as_str().expect("a room").to_owned()
    }

    pub async fn join(&mut self, room: &str) -> Value {
        self.ok("room.join", json!({ "room": room })).await
    }

    /// Sends an input that nobody replies to.
    pub async fn input(&mut self, room: &str, seq: u64, input: Value) {
        self.tell("room.input", json!({ "room": room, "seq": seq, "input": input })).await;
    }
}

/// What every error has.
fn checked(error: Value) -> Value {
    assert!(error["code"].is_string() && error["temporary"].is_boolean(), "{error}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
    error
}
