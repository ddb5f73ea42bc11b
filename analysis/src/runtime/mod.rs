//! What a runtime's threads do, told from their names and their behaviour. One file a runtime family.
//!
//! Names come from the observed process and are never trusted: where a role is made from one, it is cut and cleaned.

mod bun;
pub mod code;
mod cpp;
mod deno;
mod go;
mod node;
mod python;
mod rust;
mod unknown;

use recording::{Recording, process::Thread};

/// Role of JavaScriptCore's collector threads.
pub const JSC_HEAP_HELPER: &str = "JSC heap helper (garbage collection)";
/// Role of JavaScriptCore's compiler threads.
pub const JSC_JIT: &str = "JSC JIT compiler";
/// Role of threads that give an allocator's unused pages back.
pub const ALLOCATOR_SCAVENGER: &str = "allocator scavenger";
/// Role of Go's watchdog.
pub const GO_SYSMON: &str = "sysmon";
/// Role of threads of any other runtime that call themselves collectors.
pub const COLLECTOR: &str = "collector (garbage collection)";

const MAIN_LOOP: &str = "main loop";
const SECONDARY_LOOP: &str = "secondary loop";
const HTTP_CLIENT: &str = "HTTP Client";
const V8_WORKER: &str = "V8 worker (garbage collection, JIT)";
const TOKIO_WORKER: &str = "tokio worker";

/// Calls that wait for events.
pub const WAITS: [&str; 8] = [
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "io_uring_enter",
];

/// Whether threads of a role serve many things from one place where they wait for events: asleep anywhere else, they
/// hold up all of them.
pub fn is_event_loop(role: &str) -> bool {
    [MAIN_LOOP, SECONDARY_LOOP, HTTP_CLIENT].contains(&role)
}

/// How the name of threads begins that do nothing but collect garbage, and are woken together for that. V8's threads
/// compile as well, and Go's collector runs on any of its threads: wake-ups do not tell it from other work.
pub fn collector_name(runtime: &str) -> Option<&'static [u8; 8]> {
    (runtime == "bun").then_some(b"HeapHelp")
}

/// What a role is decided from.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The thread.
    pub thread: &'a Thread,
    /// Whether it is the thread its process began with.
    pub is_main: bool,
}

impl Seen<'_> {
    /// How often the thread made any of these calls.
    fn calls(&self, names: &[&str]) -> u64 {
        let calls = self.thread.syscalls.iter();
        calls
            .filter(|call| names.contains(&call.name.as_str()))
            .map(|call| call.count)
            .sum()
    }

    /// Whether more than half of its calls are among these.
    fn mostly(&self, names: &[&str]) -> bool {
        let all: u64 = self.thread.syscalls.iter().map(|call| call.count).sum();
        2 * self.calls(names) > all && all > 0
    }

    fn is_named(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.thread.name.starts_with(name))
    }
}

/// The role of a thread of this runtime family (`go`, `bun`, `node`, anything else: told from the name alone).
/// `is_main`: the thread id is a process id of the target.
pub fn role_of(runtime: &str, thread: &Thread, is_main: bool) -> String {
    let seen = Seen { thread, is_main };
    match runtime {
        "go" => go::role(seen).into(),
        "bun" => bun::role(seen).into(),
        "node" => node::role(seen).into(),
        "deno" => deno::role(seen),
        "python" => python::role(seen),
        "rust" => rust::role(seen),
        "c" | "cpp" => cpp::role(seen),
        _ => unknown::role(seen),
    }
}

/// Fills in the role of every thread. Whoever counts wake-ups by role does so after this.
pub fn assign_roles(recording: &mut Recording) {
    let target = &recording.target;
    for thread in &mut recording.threads {
        let is_main = thread.tid == target.pid || target.other_pids.contains(&thread.tid);
        thread.role = role_of(&target.runtime, thread, is_main);
    }
}

#[cfg(test)]
mod tests;
