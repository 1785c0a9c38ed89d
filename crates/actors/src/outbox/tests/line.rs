//! A client and its server over any number of sockets: what counts arrives once, in order.

use proptest::{collection::vec, prelude::*};

use super::*;

/// A client with its server's outbox between them, over any number of sockets.
struct Line {
    outbox: Outbox,
    pushed: u32,
    counted: Vec<u32>,
    /// What has left on the present socket and is not there yet. `None`: there is no socket.
    under_way: Option<Vec<Left>>,
    /// Counted frames that the client has had, over all sockets.
    had: Vec<u32>,
    complete: bool,
}

#[derive(Debug, Clone)]
enum Step {
    Push { counted: bool, bytes: usize },
    Drain(usize),
    Arrive(usize),
    Confirm,
    Cut,
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![9 => 16usize..64, 1 => 20_000usize..90_000];
    prop_oneof![
        6 => (any::<bool>(), bytes).prop_map(|(counted, bytes)| Step::Push { counted, bytes }),
        3 => (0usize..6).prop_map(Step::Drain),
        3 => (0usize..6).prop_map(Step::Arrive),
        1 => Just(Step::Confirm),
        1 => Just(Step::Cut),
        2 => Just(Step::Resume),
    ]
}

impl Line {
    fn new() -> Line {
        let outbox = Outbox::new(Format::Json);
        outbox.open(&welcome());
        let (counted, had) = Default::default();
        Line { outbox, pushed: 0, counted, under_way: Some(vec![]), had, complete: true }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Push { counted, bytes } => {
                self.pushed += 1;
                // The first byte tells the client what counts; a real one knows it by the type.
                let mut frame = vec![u8::from(counted); bytes];
                frame[1..5].copy_from_slice(&self.pushed.to_be_bytes());
                let counts = if counted { Counted::Yes } else { Counted::No };
                self.outbox.send(frame.into(), counts);
                self.counted.extend(counted.then_some(self.pushed));
            }
            Step::Drain(n) => {
                let Some(under_way) = &mut self.under_way else { return };
                let (left, close) = drain(&self.outbox, n);
                under_way.extend(left);
                if close.is_some() {
                    self.cut();
                }
            }
            Step::Arrive(n) => self.arrive(n),
            Step::Confirm if self.under_way.is_some() => {
                self.outbox.confirm(self.had.len() as u64);
            }
            Step::Confirm => {}
            Step::Cut => self.cut(),
            Step::Resume => self.resume(),
        }
    }

    fn arrive(&mut self, n: usize) {
        let Some(under_way) = &mut self.under_way else { return };
        for left in under_way.drain(..n.min(under_way.len())) {
            let Left::Frame(frame) = left else { continue };
            if frame[0] == 1 {
                self.had.push(u32::from_be_bytes(frame[1..5].try_into().unwrap()));
            }
        }
    }

    fn cut(&mut self) {
        if self.under_way.take().is_some() {
            self.outbox.detach();
        }
    }

    fn resume(&mut self) {
        self.cut();
        let received = self.had.len() as u64;
        self.complete &= self.outbox.keeps_from(received);
        self.outbox.reopen(&welcome(), received);
        self.under_way = Some(vec![]);
    }
}

proptest! {
    #[test]
    fn a_client_gets_every_counted_frame_once_and_in_order_over_any_number_of_cuts(
        steps in vec(step(), 0..120),
    ) {
        let mut line = Line::new();
        for step in steps {
            line.take(step);
            if !line.complete {
                return Ok(());
            }
        }
        prop_assert!(line.counted.starts_with(&line.had), "{:?} of {:?}", line.had, line.counted);
        line.resume();
        if line.complete {
            line.take(Step::Drain(usize::MAX));
            line.arrive(usize::MAX);
            prop_assert_eq!(line.had, line.counted);
        }
    }
}
