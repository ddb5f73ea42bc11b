//! Counters of the whole target, one set a CPU.

/// Counters of the whole target; what counts most often is in the first cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Counters {
    /// Sends that moved bytes.
    pub send_calls: u64,
    /// Bytes sent.
    pub send_bytes: u64,
    /// Receives that moved bytes.
    pub recv_calls: u64,
    /// Bytes received.
    pub recv_bytes: u64,
    /// Sends on accepted connections paired with the receive that caused them,
    pub forwards_matched: u64,
    /// and those without.
    pub forwards_unmatched: u64,
    /// Times a goroutine moved data on a thread on which another had done so last.
    pub goroutine_switches: u64,
    /// Receives of goroutines that had received before,
    pub goroutine_receives: u64,
    /// and, of these, those on another thread than the receive before.
    pub goroutine_moves: u64,
    /// Sends on accepted connections of which the kernel kept a part until the client acknowledges what came before (see
    /// [`crate::socket::held_back`]).
    pub held_sends: u64,
    /// Connections the target opened.
    pub connected: u64,
    /// Connections of the target that closed.
    pub closed: u64,
    /// Segments sent again.
    pub retransmits: u64,
    /// Thread ends handed to the ring buffer,
    pub exits_produced: u64,
    /// and those it had no room for.
    pub exits_dropped: u64,
    /// Entries a full map could not take: threads,
    pub lost_threads: u64,
    /// statistics of system calls,
    pub lost_syscalls: u64,
    /// sockets,
    pub lost_sockets: u64,
    /// wake-ups,
    pub lost_wakes: u64,
    /// fault addresses,
    pub lost_faults: u64,
    /// processes that were waited for,
    pub lost_waits: u64,
    /// samples of user code.
    pub lost_samples: u64,
    /// What is counted, but without the code that did it, since its map was full: page faults,
    pub lost_fault_sites: u64,
    /// and calls that manage memory.
    pub lost_call_sites: u64,
}

const _: () = assert!(size_of::<Counters>() == 192);

impl Counters {
    /// Adds another CPU's set.
    pub fn add(&mut self, other: &Counters) {
        self.send_calls += other.send_calls;
        self.send_bytes += other.send_bytes;
        self.recv_calls += other.recv_calls;
        self.recv_bytes += other.recv_bytes;
        self.connected += other.connected;
        self.closed += other.closed;
        self.retransmits += other.retransmits;
        self.forwards_matched += other.forwards_matched;
        self.forwards_unmatched += other.forwards_unmatched;
        self.held_sends += other.held_sends;
        self.goroutine_switches += other.goroutine_switches;
        self.goroutine_receives += other.goroutine_receives;
        self.goroutine_moves += other.goroutine_moves;
        self.exits_produced += other.exits_produced;
        self.exits_dropped += other.exits_dropped;
        self.lost_threads += other.lost_threads;
        self.lost_syscalls += other.lost_syscalls;
        self.lost_sockets += other.lost_sockets;
        self.lost_wakes += other.lost_wakes;
        self.lost_faults += other.lost_faults;
        self.lost_waits += other.lost_waits;
        self.lost_samples += other.lost_samples;
        self.lost_fault_sites += other.lost_fault_sites;
        self.lost_call_sites += other.lost_call_sites;
    }

    /// Events that could not be stored. Those that only lost their code are in the recording all the same.
    pub fn lost(&self) -> u64 {
        self.exits_dropped
            + self.lost_threads
            + self.lost_syscalls
            + self.lost_sockets
            + self.lost_wakes
            + self.lost_faults
            + self.lost_waits
            + self.lost_samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_and_losing() {
        let one = Counters {
            send_calls: 1,
            lost_wakes: 2,
            exits_dropped: 3,
            ..Counters::default()
        };
        let mut sum = one;
        sum.add(&one);
        assert_eq!((sum.send_calls, sum.lost()), (2, 10));
    }
}
