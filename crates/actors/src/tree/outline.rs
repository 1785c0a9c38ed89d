//! The names in the tree and their order of start. The tree is put in this order, and `supervision.toml` may name these
//! and no others.

/// One child of the root: a supervisor.
#[derive(Debug, Clone, Copy)]
pub struct Branch {
    pub name: &'static str,
    pub under: Under,
}

/// What a supervisor has below it.
#[derive(Debug, Clone, Copy)]
pub enum Under {
    /// These children, always.
    Fixed(&'static [&'static str]),
    /// Children that come and go. A name that has failed too often may be kept apart for a while, where there is one
    /// that others would come back to.
    Dynamic { kept_apart: bool },
}

pub const ROOT: &str = "root";

const fn fixed(name: &'static str, children: &'static [&'static str]) -> Branch {
    Branch { name, under: Under::Fixed(children) }
}

const fn dynamic(name: &'static str, kept_apart: bool) -> Branch {
    Branch { name, under: Under::Dynamic { kept_apart } }
}

/// The children of the root.
pub const BRANCHES: &[Branch] = &[
    fixed("storage", &["store"]),
    fixed("directory", &["sanctions", "revocations", "presence", "lobby"]),
    dynamic("channels", true),
    dynamic("rooms", true),
    dynamic("peers", false),
    // A session that is given up ends; its client comes back as another one.
    dynamic("sessions", false),
    fixed("door", &["edge"]),
];

/// The children of a static supervisor, in order of start.
pub fn below(supervisor: &str) -> Vec<&'static str> {
    if supervisor == ROOT {
        return BRANCHES.iter().map(|branch| branch.name).collect();
    }
    match BRANCHES.iter().find(|branch| branch.name == supervisor).map(|branch| branch.under) {
        Some(Under::Fixed(children)) => children.to_vec(),
        Some(Under::Dynamic { .. }) | None => Vec::new(),
    }
}
