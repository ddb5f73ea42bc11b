//! Functions that say what a thread waits for in `futex`.

/// Prefix of functions of Python.
const PYTHON: &str = "py::";

/// Functions that take the lock of a runtime, whose parts wait by a condition variable. They decide
/// before all others.
const RUNTIME_LOCKS: &[&str] = &[
    "take_gil",
    "PyEval_AcquireThread",
    "ObjectMonitor::enter",
    "ObjectMonitor::EnterI",
    "ObjectMonitor::enter_internal",
    "ObjectSynchronizer::enter",
];

/// Functions of Python that wait for a condition or a queue by taking a lock.
const PYTHON_CONDITIONS: &[&str] = &[
    "Condition.wait",
    "queue_SimpleQueue_get",
    "queue_SimpleQueue_get_impl",
];

/// Functions that take a lock.
const LOCKS: &[&str] = &[
    "lll_lock_wait",
    "lll_lock_wait_private",
    "pthread_mutex_lock",
    "pthread_mutex_lock_full",
    "pthread_mutex_timedlock",
    "pthread_mutex_clocklock",
    "pthread_rwlock_rdlock",
    "pthread_rwlock_wrlock",
    "lock_contended",
    "read_contended",
    "write_contended",
    "lock_slow",
    "lock_shared_slow",
    "lock_exclusive_slow",
    "lockSlow",
    "runtime.lock2",
    "runtime.lockWithRank",
    "runtime.semacquire1",
    "Mutex::lock",
    "Monitor::lock",
    "Mutex::lock_without_safepoint_check",
    "PyThread_acquire_lock_timed",
];

/// Functions that release a lock.
const UNLOCKS: &[&str] = &[
    "pthread_mutex_unlock",
    "pthread_mutex_unlock_usercnt",
    "lll_lock_wake",
    "lll_lock_wake_private",
    "pthread_rwlock_unlock",
    "unlock",
    "Mutex::wake",
    "unlock_slow",
    "unlockSlow",
    "runtime.unlock2",
    "drop_gil",
    "PyThread_release_lock",
];

/// Functions that wait for the end of a thread.
const JOINS: &[&str] = &[
    "pthread_clockjoin_ex",
    "pthread_timedjoin_ex",
    "pthread_join",
    "Thread._wait_for_tstate_lock",
];

/// Functions of a thread that ends, and wakes those that wait for that.
const ENDS: &[&str] = &["release_sentinel"];

/// Functions in which a worker of a runtime rests.
const RESTS: &[&str] = &[
    "runtime.stopm",
    "runtime.mPark",
    "runtime.notetsleepg",
    "runtime.notesleep",
    "uv__thread_pool_worker",
    "worker",
    "WorkerThread::run",
    "GCTaskThread::run",
];

/// Functions between a program and the kernel, which name no place in the program.
const PLUMBING: &[&str] = &[
    "syscall",
    "clone3",
    "futex_abstimed_wait_common",
    "futex_abstimed_wait_common64",
    "futex_abstimed_wait_cancelable64",
    "futex_abstimed_wait64",
    "internal_syscall_cancel",
    "syscall_cancel",
    "syscall_cancel_arch",
    "pthread_cond_wait",
    "pthread_cond_timedwait",
    "pthread_cond_clockwait",
    "pthread_cond_signal",
    "pthread_cond_broadcast",
    "pthread_cond_wait_common",
    "futex_wait",
    "futex_wake",
    "lll_mutex_lock_optimized",
    "lll_mutex_unlock_optimized",
    "runtime.futex",
    "runtime.futexsleep",
    "runtime.futexwakeup",
    "PlatformEvent::park",
    "PlatformEvent::unpark",
    // A thread spins before it waits, which leaves return addresses on its stack.
    "ObjectMonitor::TrySpin",
    "ObjectMonitor::TrySpin_Failure",
    "ObjectMonitor::try_spin",
    "ObjectMonitor::exit",
    "ObjectMonitor::ExitEpilog",
    "ObjectMonitor::exit_epilog",
];

/// Returns the name of a function without the underscores of a system's library, its version, the
/// type of a method of Rust (`<Type>::method`), and the file of a function of Python
/// (`py::NAME:FILE`).
fn stem(function: &str) -> &str {
    if let Some(named) = function.strip_prefix(PYTHON) {
        return named.split(':').next().unwrap_or(named);
    }
    let name = match function.strip_prefix('<') {
        Some(method) => method.rsplit(">::").next(),
        None => function.split(['@', '(', '<']).next(),
    };
    let name = name.unwrap_or(function);
    let name = name.strip_prefix("__GI_").unwrap_or(name);
    name.trim_start_matches('_')
}

fn is_one_of(function: &str, list: &[&str]) -> bool {
    let name = stem(function);
    list.iter().any(|known| {
        let rest = name.strip_suffix(*known);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with("::") || rest.ends_with('.'))
    })
}

/// Returns whether a function takes the lock of a runtime.
pub fn takes_runtime_lock(function: &str) -> bool {
    is_one_of(function, RUNTIME_LOCKS)
}

/// Returns whether a function of Python waits for a condition or a queue.
pub fn is_python_condition(function: &str) -> bool {
    is_one_of(function, PYTHON_CONDITIONS)
}

/// Returns whether a function is written in Python.
pub fn is_python(function: &str) -> bool {
    function.starts_with(PYTHON)
}

/// Returns whether a function takes a lock.
pub fn takes_lock(function: &str) -> bool {
    is_one_of(function, LOCKS)
}

/// Returns whether a function releases a lock.
pub fn releases_lock(function: &str) -> bool {
    is_one_of(function, UNLOCKS)
}

/// Returns whether a function waits for the end of a thread.
pub fn joins(function: &str) -> bool {
    is_one_of(function, JOINS)
}

/// Returns whether a function wakes those that wait for the end of its thread.
pub fn ends(function: &str) -> bool {
    is_one_of(function, ENDS)
}

/// Returns whether a worker of a runtime rests in a function.
pub fn rests(function: &str) -> bool {
    is_one_of(function, RESTS)
}

/// Returns whether a function waits for a condition variable, or signals one.
pub fn is_condition(function: &str) -> bool {
    stem(function).starts_with("pthread_cond_")
}

/// Returns whether a file is the C library, whose functions name no place in a program.
pub fn is_of_c_library(file: &str) -> bool {
    ["libc.so", "libc-", "libpthread", "ld-musl"]
        .iter()
        .any(|known| file.starts_with(known))
}

/// Returns whether a function is a part of locks and wrappers, not of the program.
pub fn is_plumbing(function: &str) -> bool {
    is_one_of(function, PLUMBING)
        || takes_lock(function)
        || takes_runtime_lock(function)
        || releases_lock(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_functions_in_all_their_spellings() {
        for name in [
            "__lll_lock_wait",
            "___pthread_mutex_lock",
            "pthread_mutex_lock@@GLIBC_2.2.5",
            "std::sys::sync::mutex::futex::Mutex::lock_contended",
            "<std::sys::sync::mutex::futex::Mutex>::lock_contended",
            "parking_lot::raw_mutex::RawMutex::lock_slow",
            "runtime.lock2",
        ] {
            assert!(takes_lock(name) && is_plumbing(name), "{name}");
        }
        assert!(releases_lock("__GI___pthread_mutex_unlock_usercnt"));
        assert!(is_condition("___pthread_cond_signal"));
        assert!(takes_runtime_lock("ObjectMonitor::enter(JavaThread*)"));
        assert!(is_python_condition(
            "py::Condition.wait:lib/python3.11/threading.py"
        ));
        assert!(joins("py::Thread._wait_for_tstate_lock:threading.py"));
        assert!(!takes_lock("block_wait") && !takes_lock("my_pthread_mutex_lock"));
    }
}
