//! C and C++: a thread that mostly waits for events is an event loop. Of the threads that share an
//! asio context only one waits for events at a time, while the others rest in a futex call.

use super::{Seen, unknown};
use recording::vocabulary::Role;

pub(super) fn role(seen: Seen<'_>) -> Role {
    let (waits, rests) = (seen.event_waits(), seen.calls(&["futex"]));
    if waits > 0 && rests > waits / 10 {
        return Role::AsioThread;
    }
    unknown::role(seen)
}
