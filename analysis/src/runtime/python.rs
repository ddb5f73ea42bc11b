//! Python: asyncio and uvloop run on the main thread; other threads are those of an executor, for calls that block.

use super::{MAIN_LOOP, Seen, unknown};

pub(super) fn role(seen: Seen<'_>) -> String {
    if seen.is_main {
        return MAIN_LOOP.into();
    }
    let is_executor = seen.is_named(&["asyncio_", "ThreadPoolExec", "AnyIO worker", "python"]);
    if is_executor {
        "executor thread".into()
    } else {
        unknown::role(seen)
    }
}
