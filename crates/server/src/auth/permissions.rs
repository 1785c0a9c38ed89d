//! Who may do what as an operator: one table.

use gamev1_persistence::accounts::Role;

/// What an operator may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// To read the supervision tree and its incidents.
    Observe,
    /// To crash actors and stall the database.
    Chaos,
    /// To stop the server in order.
    Drain,
    /// To change what is logged.
    Log,
    /// To ban players, lift bans, and read who is banned.
    Sanction,
    /// To search for players and see what they are, where they sit and what holds them.
    Players,
    /// To end every sign-in of a player.
    SignOut,
    /// To change what a player may do.
    Role,
    /// To read what operators did.
    Audit,
}

impl Permission {
    pub const ALL: [Permission; 9] = [
        Permission::Observe,
        Permission::Chaos,
        Permission::Drain,
        Permission::Log,
        Permission::Sanction,
        Permission::Players,
        Permission::SignOut,
        Permission::Role,
        Permission::Audit,
    ];

    /// The lowest role that has it.
    pub const fn least(self) -> Role {
        match self {
            Permission::Observe
            | Permission::Chaos
            | Permission::Drain
            | Permission::Log
            | Permission::Role
            | Permission::Audit => Role::Admin,
            Permission::Sanction | Permission::Players | Permission::SignOut => Role::Moderator,
        }
    }
}

/// Whether who has `role` may sanction somebody who has `other`: only those below.
pub fn outranks(role: Role, other: Role) -> bool {
    role > other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_may_nothing_and_an_admin_everything() {
        for permission in Permission::ALL {
            assert!(permission.least() > Role::Player, "{permission:?}");
            assert!(permission.least() <= Role::Admin, "{permission:?}");
        }
        let moderators: Vec<_> =
            Permission::ALL.into_iter().filter(|it| it.least() <= Role::Moderator).collect();
        let expected = [Permission::Sanction, Permission::Players, Permission::SignOut];
        assert_eq!(moderators, expected);
    }

    #[test]
    fn nobody_sanctions_their_own_rank_or_above() {
        assert!(outranks(Role::Moderator, Role::Player));
        assert!(outranks(Role::Admin, Role::Moderator));
        assert!(!outranks(Role::Moderator, Role::Moderator));
        assert!(!outranks(Role::Moderator, Role::Admin));
        assert!(!outranks(Role::Admin, Role::Admin));
    }
}
