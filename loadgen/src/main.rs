//! Server-sent-event load with honest timing.

fn main() {}
