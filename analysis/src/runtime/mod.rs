//! Knowledge of runtimes: the role of a thread, by its name and behaviour, and the category of a
//! function. One file a runtime family.
//!
//! Names come from the observed process and are never trusted: where a role is made from one, it is
//! cut and cleaned.

mod beam;
mod bun;
pub mod code;
mod cpp;
mod deno;
mod dotnet;
mod go;
mod java;
mod node;
mod python;
mod ruby;
mod rust;
mod unknown;

use recording::Recording;
use recording::process::Thread;
use recording::vocabulary::{Role, Runtime, is_event_wait};

/// A thread as rules see it.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The thread.
    pub thread: &'a Thread,
    /// Whether its process began with it.
    pub is_main: bool,
}

impl Seen<'_> {
    /// Returns how often the thread made any of these calls.
    fn calls(&self, names: &[&str]) -> u64 {
        self.count(|name| names.contains(&name))
    }

    /// Returns how often the thread waited for events.
    fn event_waits(&self) -> u64 {
        self.count(is_event_wait)
    }

    fn count(&self, fits: impl Fn(&str) -> bool) -> u64 {
        let calls = self.thread.syscalls.iter();
        let fitting = calls.filter(|call| fits(&call.name));
        fitting.map(|call| call.count).sum()
    }

    /// Returns whether more than half of its calls are among these.
    fn mostly(&self, names: &[&str]) -> bool {
        let all = self.count(|_| true);
        2 * self.calls(names) > all && all > 0
    }

    fn is_named(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.thread.name.starts_with(name))
    }
}

/// Returns the role of a thread. `is_main`: the thread id is a process id of the target. Threads of
/// a runtime family without rules have a role by their name alone. The kernel cuts names after 15
/// bytes, so that rules match their beginning.
pub fn role_of(runtime: Runtime, thread: &Thread, is_main: bool) -> Role {
    let seen = Seen { thread, is_main };
    match runtime {
        Runtime::Go => go::role(seen),
        Runtime::Bun => bun::role(seen),
        Runtime::Node => node::role(seen),
        Runtime::Deno => deno::role(seen),
        Runtime::Python => python::role(seen),
        Runtime::Rust => rust::role(seen),
        Runtime::C | Runtime::Cpp => cpp::role(seen),
        Runtime::Java => java::role(seen),
        Runtime::Dotnet => dotnet::role(seen),
        Runtime::Ruby => ruby::role(seen),
        Runtime::Beam => beam::role(seen),
        // PHP starts no threads.
        Runtime::Php | Runtime::Unknown => unknown::role(seen),
    }
}

/// Writes the role of every thread.
pub fn assign_roles(recording: &mut Recording) {
    let target = &recording.target;
    for thread in &mut recording.threads {
        let is_main = thread.tid == target.pid || target.other_pids.contains(&thread.tid);
        thread.role = role_of(target.runtime, thread, is_main);
    }
    if target.runtime == Runtime::Java {
        java::find_serial_collectors(&mut recording.threads);
    }
}

/// Returns the role that a table gives to names that begin so.
fn by_name(seen: Seen<'_>, roles: &[(&str, Role)]) -> Option<Role> {
    let known = roles.iter().find(|(name, _)| seen.is_named(&[name]));
    known.map(|(_, role)| role.clone())
}

#[cfg(test)]
mod tests;
