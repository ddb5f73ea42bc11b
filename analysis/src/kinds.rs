//! Kinds of ledger rows: the kind of a system call, and the kinds that a comparison adds up.

use recording::process::Syscall;
use recording::vocabulary::{CodeCategory, Role, SyscallClass, TermKind};

const EVENTFD_WRITE: &str = "write (eventfd)";
const EVENTFD_READ: &str = "read (eventfd)";

/// Returns the kind and the cause under which a call is booked: its class and its name, unless the
/// bytes that it moved show that it is no I/O. An eventfd gives and takes 8 bytes, always; threads
/// use it to wake an event loop.
pub fn of_syscall(call: &Syscall) -> (TermKind, &str) {
    let only_eights = call.count > 0 && call.bytes == Some(8 * call.count);
    let handoff = TermKind::Syscall(SyscallClass::ThreadSync);
    match call.name.as_str() {
        "write" if only_eights => (handoff, EVENTFD_WRITE),
        "read" if only_eights => (handoff, EVENTFD_READ),
        name => (TermKind::Syscall(SyscallClass::of(name)), name),
    }
}

/// Returns the only work of threads of a role, if they have a single job. Their system calls and
/// faults serve that job.
pub fn dedicated(role: &Role) -> Option<TermKind> {
    match role {
        role if role.is_gc() => Some(TermKind::Gc),
        role if role.is_jit() => Some(TermKind::Jit),
        Role::AllocatorScavenger => Some(TermKind::MemoryReturn),
        _ => None,
    }
}

/// Returns the kind under which rows of different arms are added up.
///
/// Garbage collection and compilation are one kind each, whether threads are dedicated to them or
/// samples found their functions. All other user code is one kind, because its categories are not
/// known of every arm.
pub fn across_arms(role: Option<&Role>, kind: TermKind) -> TermKind {
    let dedicated = role.and_then(dedicated);
    match kind {
        TermKind::Syscall(_) | TermKind::Code(_) | TermKind::Fault | TermKind::ContextSwitch
            if dedicated.is_some() =>
        {
            dedicated.unwrap_or(kind)
        }
        TermKind::Code(CodeCategory::Gc) => TermKind::Gc,
        TermKind::Code(CodeCategory::Jit) => TermKind::Jit,
        TermKind::Code(_) => TermKind::UserCode,
        other => other,
    }
}

/// Returns the kind under which rows are added up where categories of user code are known of every
/// arm: each category is a kind then.
pub fn by_category(role: Option<&Role>, kind: TermKind) -> TermKind {
    match across_arms(role, kind) {
        // JavaScript is the program of one arm as Go is that of another.
        TermKind::UserCode if kind == TermKind::Code(CodeCategory::JavaScript) => {
            TermKind::Code(CodeCategory::Application)
        }
        TermKind::UserCode => kind,
        other => other,
    }
}

/// Returns whether rows of a kind say what the time was spent on.
pub fn is_named(kind: TermKind) -> bool {
    match kind {
        TermKind::Code(category) => category.is_named(),
        TermKind::Unclassified => false,
        _ => true,
    }
}

/// Returns whether a row is added up under `sum`, with or without categories of user code.
pub fn is_part_of(role: Option<&Role>, kind: TermKind, sum: TermKind) -> bool {
    [across_arms(role, kind), by_category(role, kind)].contains(&sum)
}

/// Returns whether rows of a kind are the work of dedicated threads, which have no common count.
pub fn is_dedicated(kind: TermKind) -> bool {
    matches!(kind, TermKind::Gc | TermKind::Jit | TermKind::MemoryReturn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_an_eventfd_by_its_eight_bytes() {
        let call = |name: &str, count, bytes| Syscall {
            name: name.into(),
            count,
            bytes,
            ..Syscall::default()
        };
        let booked = |name, count, bytes| {
            let call = call(name, count, bytes);
            let (kind, cause) = of_syscall(&call);
            (kind, cause.to_owned())
        };
        let handoff = TermKind::Syscall(SyscallClass::ThreadSync);
        let send = TermKind::Syscall(SyscallClass::Send);
        assert_eq!(
            booked("write", 3, Some(24)),
            (handoff, EVENTFD_WRITE.into())
        );
        assert_eq!(booked("write", 3, Some(25)), (send, "write".into()));
        assert_eq!(booked("read", 0, Some(0)).1, "read");
        assert_eq!(booked("sendto", 3, Some(24)), (send, "sendto".into()));
    }

    #[test]
    fn adds_up_the_work_of_dedicated_threads() {
        let futex = TermKind::Syscall(SyscallClass::ThreadSync);
        assert_eq!(across_arms(Some(&Role::JscHeapHelper), futex), TermKind::Gc);
        assert_eq!(
            across_arms(Some(&Role::JscJit), TermKind::Code(CodeCategory::Unnamed)),
            TermKind::Jit
        );
        assert_eq!(across_arms(Some(&Role::MainLoop), futex), futex);
        // Waiting and switches of such threads are not their work.
        assert_eq!(across_arms(Some(&Role::Gc), TermKind::Idle), TermKind::Idle);
    }

    #[test]
    fn adds_up_user_code_whether_or_not_it_has_categories() {
        let all = |category| across_arms(None, TermKind::Code(category));
        assert_eq!(all(CodeCategory::Parsing), TermKind::UserCode);
        assert_eq!(all(CodeCategory::Unnamed), TermKind::UserCode);
        assert_eq!(all(CodeCategory::Gc), TermKind::Gc);
        let parsing = TermKind::Code(CodeCategory::Parsing);
        assert_eq!(by_category(None, parsing), parsing);
        assert_eq!(by_category(Some(&Role::JscJit), parsing), TermKind::Jit);
        let [javascript, application] =
            [CodeCategory::JavaScript, CodeCategory::Application].map(TermKind::Code);
        assert_eq!(by_category(None, javascript), application);
    }

    #[test]
    fn counts_context_alone_as_no_name() {
        use CodeCategory::*;
        for category in [CalledFromJs, CalledFromLoop, Unnamed] {
            assert!(!is_named(TermKind::Code(category)), "{category}");
        }
        assert!(is_named(TermKind::Code(Zeroing)) && is_named(TermKind::Fault));
        assert!(!is_named(TermKind::Unclassified));
    }
}
