//! `kontrast run`: stub, arm, load and recorder as separate processes, arm by arm and round by round.
