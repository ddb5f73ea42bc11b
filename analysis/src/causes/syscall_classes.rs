//! System calls of one purpose, where their being made is the whole pattern.

use super::comparison::largest;
use super::{About, Comparison, Kind, Match, Rule};
use recording::vocabulary::SyscallClass;

/// Calls of certain kinds of work.
pub struct Calls {
    about: About,
    classes: &'static [SyscallClass],
}

/// The clock, read by real system calls.
pub const CLOCK_CALLS: Calls = Calls {
    about: About {
        id: "clock-calls",
        title: "Reading the clock",
        pattern: "System calls that read the clock",
        meaning: "Reading the clock needs no system call where the vDSO serves it; here it does one",
        remedy: "Read it once per event-loop turn, and check that the clock source is tsc or kvm-clock",
    },
    classes: &[SyscallClass::Clock],
};

/// Files, used while serving.
pub const FILE_ACCESS: Calls = Calls {
    about: About {
        id: "file-access",
        title: "Using files",
        pattern: "System calls on files",
        meaning: "Files are opened, read or synced while requests are served",
        remedy: "Read once and keep it; move what must be written off the serving path",
    },
    classes: &[SyscallClass::File],
};

/// The waiting of event loops.
pub const EVENT_LOOP: Calls = Calls {
    about: About {
        id: "event-loop",
        title: "Waiting for events",
        pattern: "epoll and poll calls",
        meaning: "Each turn of an event loop asks the kernel what is ready, and goes to sleep and wakes up for it",
        remedy: "Handle more for each turn; let one loop serve both sides of a stream",
    },
    classes: &[SyscallClass::EventPolling],
};

/// The kernel's own work of moving bytes.
pub const SOCKET_IO: Calls = Calls {
    about: About {
        id: "socket-io",
        title: "Sending and receiving",
        pattern: "Calls that send and receive, where no rule above explains them",
        meaning: "This is the network stack at work, the loopback's receiving side included: it is charged to who sends",
        remedy: "Fewer, larger messages are all that helps",
    },
    classes: &[SyscallClass::Send, SyscallClass::Receive],
};

/// Whatever else the program asks the kernel for.
pub const OTHER_SYSCALLS: Calls = Calls {
    about: About {
        id: "other-syscalls",
        title: "Other system calls",
        pattern: "System calls that no rule above explains",
        meaning: "These calls are not part of moving data from one socket to another",
        remedy: "See who makes them (strace -k, perf trace) and whether they are needed",
    },
    classes: &[
        SyscallClass::Other,
        SyscallClass::Signals,
        SyscallClass::Lifecycle,
        SyscallClass::Connection,
        SyscallClass::Memory,
    ],
};

impl Rule for Calls {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, pair: &Comparison<'_>) -> Option<Match> {
        let rows = pair.rows(|row| self.classes.iter().any(|class| row.is_of(*class)))?;
        let unit = pair.view.metric.unit;
        let text = format!("{}{}", pair.counts("calls", &rows), largest(&rows, unit));
        Some(Match::of(rows, text))
    }
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn calls_of_each_kind_are_found() {
        for (id, call) in [
            ("clock-calls", "clock_gettime"),
            ("file-access", "fsync"),
            ("event-loop", "epoll_ctl"),
            ("socket-io", "recvfrom"),
            ("other-syscalls", "getpid"),
            ("other-syscalls", "setsockopt"),
        ] {
            let found = planted(id, |build| build.call(call, 5_000, DOSE));
            assert_whole(&found);
            assert!(
                found.text.contains(&format!("most of it {call}")),
                "{}",
                found.text
            );
        }
    }

    #[test]
    fn dearer_sends_are_found() {
        let found = planted("socket-io", |build| build.call("sendto", 0, DOSE));
        assert_whole(&found);
    }
}
