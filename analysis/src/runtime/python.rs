//! Python: asyncio and uvloop run on the main thread; other threads belong to an executor, for
//! calls that block.

use super::{Seen, unknown};
use recording::vocabulary::Role;

pub(super) fn role(seen: Seen<'_>) -> Role {
    if seen.is_main {
        return Role::MainLoop;
    }
    let is_executor = seen.is_named(&["asyncio_", "ThreadPoolExec", "AnyIO worker", "python"]);
    if is_executor {
        Role::ExecutorThread
    } else {
        unknown::role(seen)
    }
}
