//! Roles of threads: the work of a thread for its runtime.

use super::serde_by_text;
use std::convert::Infallible;

/// The work of a thread for its runtime. `analysis::runtime` assigns it from the thread's name and
/// behaviour.
///
/// Files and reports show the same words. A role that no runtime defines is the name that the
/// thread gave itself, cut and cleaned; it comes from the observed process, so renderers escape it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// No role was assigned.
    #[default]
    Unassigned,
    /// The event loop on the thread that the process began with.
    MainLoop,
    /// The thread that the process began with, if it runs no event loop.
    MainThread,
    /// An event loop on another thread.
    SecondaryLoop,
    /// Bun's thread for outgoing HTTP.
    HttpClient,
    /// JavaScriptCore's garbage collection threads.
    JscHeapHelper,
    /// JavaScriptCore's compiler threads.
    JscJit,
    /// Other threads of JavaScriptCore.
    JscHelper,
    /// A `Worker` of JavaScript.
    JavaScriptWorker,
    /// A thread that returns unused pages of an allocator to the kernel.
    AllocatorScavenger,
    /// Go's monitor thread.
    GoSysmon,
    /// A thread that runs goroutines.
    GoScheduler,
    /// V8's worker threads, which collect garbage and compile.
    V8Worker,
    /// V8's thread for delayed tasks.
    V8DelayedTasks,
    /// Node's inspector thread.
    Inspector,
    /// The thread pool of libuv.
    LibuvPool,
    /// A worker of the tokio runtime.
    TokioWorker,
    /// A thread of a Python executor.
    ExecutorThread,
    /// A thread that runs an asio event loop beside others.
    AsioThread,
    /// Garbage collection threads of other runtimes.
    Gc,
    /// Compiler threads of other runtimes.
    Jit,
    /// A service thread of a virtual machine: safepoints, timers, signals, finalizers.
    VmThread,
    /// A scheduler of Erlang's virtual machine, which runs processes.
    BeamScheduler,
    /// A scheduler of Erlang's virtual machine for native code that takes long or blocks.
    BeamDirtyScheduler,
    /// A thread pool.
    Pool,
    /// A thread without a name.
    Unnamed,
    /// As waker only: an interrupt, or the idle task.
    Interrupt,
    /// As waker only: the time limit of the wait.
    Timer,
    /// As waker only: a thread of another process.
    OtherProcess,
    /// As waker only: a thread of the target that ended before it could be identified.
    EndedThread,
    /// The thread's own name.
    Named(String),
}

/// Variants with fixed words.
const FIXED: [(Role, &str); 30] = [
    (Role::Unassigned, "unassigned"),
    (Role::MainLoop, "main loop"),
    (Role::MainThread, "main thread"),
    (Role::SecondaryLoop, "secondary loop"),
    (Role::HttpClient, "HTTP client"),
    (Role::JscHeapHelper, "JSC heap helper (GC)"),
    (Role::JscJit, "JSC JIT compiler"),
    (Role::JscHelper, "JSC helper"),
    (Role::JavaScriptWorker, "JavaScript worker"),
    (Role::AllocatorScavenger, "allocator scavenger"),
    (Role::GoSysmon, "sysmon"),
    (Role::GoScheduler, "M (scheduler thread)"),
    (Role::V8Worker, "V8 worker (GC, JIT)"),
    (Role::V8DelayedTasks, "V8 delayed tasks"),
    (Role::Inspector, "inspector"),
    (Role::LibuvPool, "libuv pool"),
    (Role::TokioWorker, "tokio worker"),
    (Role::ExecutorThread, "executor thread"),
    (Role::AsioThread, "asio thread"),
    (Role::Gc, "GC thread"),
    (Role::Jit, "JIT thread"),
    (Role::VmThread, "VM thread"),
    (Role::BeamScheduler, "BEAM scheduler"),
    (Role::BeamDirtyScheduler, "BEAM dirty scheduler"),
    (Role::Pool, "thread pool"),
    (Role::Unnamed, "unnamed thread"),
    (Role::Interrupt, "interrupt or idle CPU"),
    (Role::Timer, "time limit"),
    (Role::OtherProcess, "other process"),
    (Role::EndedThread, "ended thread"),
];

impl Role {
    /// Returns the words for the role, in files and for people.
    pub fn label(&self) -> &str {
        match self {
            Role::Named(name) => name,
            fixed => {
                let known = FIXED.iter().find(|(role, _)| role == fixed);
                known.map_or("", |(_, label)| label)
            }
        }
    }

    /// Returns whether the thread serves many connections from one place where it waits for events:
    /// when it blocks anywhere else, all of them wait.
    pub fn is_event_loop(&self) -> bool {
        matches!(
            self,
            Role::MainLoop | Role::SecondaryLoop | Role::HttpClient
        )
    }

    /// Returns whether the thread does nothing but collect garbage.
    pub fn is_gc(&self) -> bool {
        matches!(self, Role::JscHeapHelper | Role::Gc)
    }

    /// Returns whether the thread does nothing but compile.
    pub fn is_jit(&self) -> bool {
        matches!(self, Role::JscJit | Role::Jit)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.label())
    }
}

impl From<&str> for Role {
    fn from(text: &str) -> Self {
        let known = FIXED.iter().find(|(_, label)| *label == text);
        known.map_or_else(|| Role::Named(text.into()), |(role, _)| role.clone())
    }
}

impl std::str::FromStr for Role {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Role::from(text))
    }
}

serde_by_text!(Role, |role: &Role| role.label().to_owned());
