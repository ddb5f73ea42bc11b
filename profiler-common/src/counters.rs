//! Counters of the whole target, one set a CPU.

macro_rules! counters {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// Counters of the whole target. The most frequent ones share the first cache line.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[repr(C)]
        pub struct Counters {
            $($(#[$doc])* pub $field: u64,)*
        }

        impl Counters {
            /// Adds another CPU's set.
            pub fn add(&mut self, other: &Counters) {
                $(self.$field += other.$field;)*
            }

            /// Returns the growth since an earlier reading.
            pub fn since(&self, before: &Counters) -> Counters {
                Counters {
                    $($field: self.$field.saturating_sub(before.$field),)*
                }
            }
        }
    };
}

counters! {
    /// Sends that moved bytes.
    send_calls,
    /// Bytes sent.
    send_bytes,
    /// Receives that moved bytes.
    recv_calls,
    /// Bytes received.
    recv_bytes,
    /// Turns from receive to send on accepted connections.
    requests,
    /// Sends on accepted connections that were paired with the receive that caused them.
    relays_matched,
    /// Sends on accepted connections without such a receive.
    relays_unmatched,
    /// Times a goroutine moved data on a thread on which another had done so last.
    goroutine_switches,
    /// Receives of goroutines that had received before.
    goroutine_receives,
    /// Share of `goroutine_receives` on another thread than the receive before.
    goroutine_moves,
    /// Sends on accepted connections that Nagle's algorithm delayed (see
    /// [`crate::socket::nagle_delayed`]).
    nagle_delayed_sends,
    /// Connections the target opened.
    connected,
    /// Connections of the target that closed.
    closed,
    /// Segments retransmitted.
    retransmits,
    /// Ends of threads written to the ring buffer.
    exits_produced,
    /// Ends of threads for which the ring buffer had no room.
    exits_dropped,
    /// Processes for which a full map had no room.
    lost_processes,
    /// Threads for which a full map had no room.
    lost_threads,
    /// System calls for which a full map had no room.
    lost_syscalls,
    /// Sockets for which a full map had no room.
    lost_sockets,
    /// Wake-ups that are counted without their waker, since the map of pairs was full.
    unpaired_wakes,
    /// Page faults for which a full map had no room.
    lost_faults,
    /// Waits whose run-queue blame a full map had no room for.
    lost_blame,
    /// CPU samples of user code for which a full map had no room.
    lost_samples,
    /// CPU samples that are counted without their call stack, since its map was full.
    lost_stacks,
    /// Page faults that are counted without their code, since its map was full.
    lost_fault_sites,
    /// Calls that manage memory, counted without their stack, since its map was full.
    lost_call_sites,
    /// Requests to block devices for which a full map had no room.
    lost_block_requests,
    /// Kept waits for which a full map had no room.
    lost_waits,
    /// Kept waits that are counted without one of their stacks, since its map was full.
    lost_wait_stacks,
    /// Kept waits that are counted without their file or peer, since its map was full.
    lost_wait_objects,
}

const _: () = assert!(size_of::<Counters>() == 248);

impl Counters {
    /// Returns the number of events that could not be stored. Those that lost only their code or
    /// their waker are in the recording all the same.
    pub fn lost(&self) -> u64 {
        self.exits_dropped
            + self.lost_processes
            + self.lost_threads
            + self.lost_syscalls
            + self.lost_sockets
            + self.lost_faults
            + self.lost_blame
            + self.lost_samples
            + self.lost_block_requests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_sets_and_counts_losses() {
        let one = Counters {
            send_calls: 1,
            unpaired_wakes: 2,
            lost_faults: 2,
            exits_dropped: 3,
            ..Counters::default()
        };
        let mut sum = one;
        sum.add(&one);
        assert_eq!((sum.send_calls, sum.lost()), (2, 10));
        assert_eq!(sum.since(&one), one);
    }
}
