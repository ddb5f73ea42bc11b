//! C and C++: a thread that mostly waits for events is a loop. Of the threads that share one asio context a single one
//! waits for events at a time, while the others rest in a futex call.

use super::{Seen, WAITS, unknown};

pub(super) fn role(seen: Seen<'_>) -> String {
    let (waits, rests) = (seen.calls(&WAITS), seen.calls(&["futex"]));
    if waits > 0 && rests > waits / 10 {
        return "asio thread".into();
    }
    unknown::role(seen)
}
