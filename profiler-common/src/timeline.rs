//! Events of a timeline: a ring on each CPU, whose newest events replace the oldest.

/// An event. Its ring says on which CPU it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Event {
    /// Monotonic time, ns.
    pub time_ns: u64,
    /// The thread that it is about: its id, 0 for the idle task, or [`OTHER_THREAD`].
    pub tid: u32,
    /// An [`EventKind`].
    pub kind: u32,
    /// See [`EventKind`].
    pub first: u64,
    /// See [`EventKind`].
    pub second: u64,
}

const _: () = assert!(size_of::<Event>() == 32);

/// Kind of an event, with the meaning of its two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum EventKind {
    /// The thread leaves its CPU. First: the next thread. Second: the state of the thread that
    /// leaves, plus [`PREEMPTED`].
    Switch = 1,
    /// The thread is woken. First: the thread that runs. Second: a value of `waker`.
    Waking = 2,
    /// The thread enters a system call. First: its number.
    Enter = 3,
    /// The thread returns from a system call. First: its number. Second: its result.
    Exit = 4,
    /// The thread takes a page fault. First: the address. Second: 1 in kernel mode.
    Fault = 5,
    /// The thread begins to collect garbage.
    GcBegin = 6,
    /// The thread is done.
    GcEnd = 7,
    /// The thread receives data from upstream. First: when it arrived, 0 if unknown. Second: the
    /// socket.
    Receive = 8,
    /// The thread sends to a client. First: when the data arrived that it passes on, 0 if it passes
    /// none on. Second: by [`relayed`].
    Send = 9,
    /// The thread receives from a client. Second: the socket.
    Request = 10,
    /// The thread gets a CPU after a wait, of which a CPU quota took a part. First: that part, ns.
    Throttled = 11,
    /// The thread leaves its CPU. First: how long it had it without running: steal and interrupts,
    /// ns.
    Stolen = 12,
}

/// Shortest time that is noted as [`EventKind::Stolen`], ns.
pub const LEAST_STOLEN_NS: u64 = 20_000;

impl EventKind {
    const EVERY: [Self; 12] = [
        EventKind::Switch,
        EventKind::Waking,
        EventKind::Enter,
        EventKind::Exit,
        EventKind::Fault,
        EventKind::GcBegin,
        EventKind::GcEnd,
        EventKind::Receive,
        EventKind::Send,
        EventKind::Request,
        EventKind::Throttled,
        EventKind::Stolen,
    ];

    /// Returns the kind of a number.
    pub fn of(number: u32) -> Option<Self> {
        let index = number.checked_sub(1)?;
        Self::EVERY.get(index as usize).copied()
    }
}

/// A thread of another process than those of the target.
pub const OTHER_THREAD: u32 = u32::MAX;
/// Bit of the state of a thread that was preempted.
pub const PREEMPTED: u64 = 1 << 32;

/// A thread in a system call woke the other.
pub const WAKER_THREAD: u64 = 0;
/// An interrupt did, while a thread of the target ran.
pub const WAKER_INTERRUPT: u64 = 1;
/// The idle task did: an interrupt on an idle CPU.
pub const WAKER_IDLE: u64 = 2;
/// A thread of another process did, or an interrupt while it ran.
pub const WAKER_OTHER: u64 = 3;

/// Packs the time from arrival to receive, at most 4.29 s, and the socket of the client.
#[inline(always)]
pub fn relayed(received_after_ns: u64, socket: u32) -> u64 {
    let after = if received_after_ns > u32::MAX as u64 {
        u32::MAX
    } else {
        received_after_ns as u32
    };
    (after as u64) << 32 | socket as u64
}

/// Splits what [`relayed`] packed.
pub fn split_relayed(packed: u64) -> (u64, u32) {
    (packed >> 32, packed as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_kinds_back() {
        for kind in EventKind::EVERY {
            assert_eq!(EventKind::of(kind as u32), Some(kind));
        }
        assert_eq!(EventKind::of(0), None);
        assert_eq!(EventKind::of(13), None);
    }

    #[test]
    fn reads_relays_back() {
        assert_eq!(split_relayed(relayed(1_500, 7)), (1_500, 7));
        let longest = u64::from(u32::MAX);
        assert_eq!(split_relayed(relayed(1 << 40, 7)), (longest, 7));
    }
}
