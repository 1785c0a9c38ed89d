//! Where and with which words an actor panicked. ractor hands a supervisor the words alone; the panic hook knows the
//! place too, and the task that it happened in. Process-wide, because the panic hook is.

use std::{
    any::Any,
    collections::VecDeque,
    panic::{self, PanicHookInfo},
    sync::Once,
};

use parking_lot::Mutex;
use tokio::task::Id;

/// Panics that nobody has asked for yet; the oldest goes.
const KEPT_MAX: usize = 1_024;
/// Of what a panic says.
const WORDS_CHARS_MAX: usize = 2_000;

static KEPT: Mutex<VecDeque<(Id, Panicked)>> = Mutex::new(VecDeque::new());

/// What is known of a panic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked {
    pub message: String,
    /// File, line and column, as the compiler knew them.
    pub location: String,
}

/// Keeps each panic for the supervisor of the actor, and logs it in one line. No backtrace is drawn: that takes longer
/// than a restart.
pub fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| panic::set_hook(Box::new(keep)));
}

fn keep(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let message = words(info.payload());
    let thread = std::thread::current();
    tracing::error!(at = location, thread = thread.name().unwrap_or("unnamed"), "panic: {message}");
    if let Some(task) = tokio::task::try_id() {
        let mut kept = KEPT.lock();
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((task, Panicked { message, location }));
    }
}

/// What a panic says.
pub(crate) fn words(payload: &(dyn Any + Send)) -> String {
    let said = payload.downcast_ref::<&str>().copied();
    let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    said.unwrap_or("a panic without words").chars().take(WORDS_CHARS_MAX).collect()
}

/// The panic that ended that task, whose supervisor was told `reason`. Panics that were caught meanwhile are forgotten.
pub(crate) fn take(task: Id, reason: &str) -> Option<Panicked> {
    let mut kept = KEPT.lock();
    let at = kept.iter().rposition(|(of, _)| *of == task)?;
    let (_, panicked) = kept.remove(at)?;
    kept.retain(|(of, _)| *of != task);
    reason.starts_with(&panicked.message).then_some(panicked)
}

/// Panics on order of an operator or a test, where no input is to blame.
#[expect(clippy::panic, reason = "that is what it is for")]
pub fn on_order() {
    panic::panic_any("crashed on order".to_owned());
}
