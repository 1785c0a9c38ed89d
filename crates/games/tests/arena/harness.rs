//! The arena in a room, with that room's recovery around it.
