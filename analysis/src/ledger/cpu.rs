//! CPU time: user code by what it does, each system call, faults and interrupts, switching, per thread role.
//!
//! What is not booked, and so comes out as unexplained: on-CPU time of a thread outside both (calls cut by the
//! window's edges), and the process's on-CPU time less its threads'.

use super::{Ledger, sampling, user};
use crate::exact::part;
use crate::work::{self, FAULTS_AND_INTERRUPTS, SWITCHING};
use recording::{Recording, process::Thread};

/// Books one round.
pub fn book(path: &str, recording: &Recording, ledger: &mut Ledger) {
    let threads = recording.threads.iter();
    let splits: Vec<Split> = threads
        .map(|thread| Split::of(thread, recording.observer.crossing_ns))
        .collect();
    for (index, (thread, split)) in recording.threads.iter().zip(&splits).enumerate() {
        book_thread(&format!("{path}#/threads/{index}"), thread, split, ledger);
    }
    let user_ns: Vec<u64> = splits.iter().map(|split| split.user_ns).collect();
    user::book(path, recording, &user_ns, ledger);
}

/// Books a thread's time in the kernel.
fn book_thread(at: &str, thread: &Thread, split: &Split, ledger: &mut Ledger) {
    let role = Some(thread.role.as_str());
    let (samples, outside_ns) = (&thread.samples, thread.outside_syscalls_ns());
    let mut sampled = |cause, value, count, found, field| {
        ledger.add(role, cause, value, count, format!("{at}/{field}"));
        let variance = sampling::variance(outside_ns, found, samples.outside_syscalls());
        ledger.add_variance(role, cause, variance);
    };
    sampled(
        FAULTS_AND_INTERRUPTS,
        split.fault_irq_ns,
        thread.faults,
        samples.faults(),
        "fault_irq_ns",
    );
    if samples.switching > 0 {
        sampled(
            SWITCHING,
            thread.switching_ns,
            thread.involuntary_switches,
            samples.switching,
            "switching_ns",
        );
    }
    let crossing = sampling::variance(outside_ns, samples.crossing, samples.outside_syscalls());
    for (index, call) in thread.syscalls.iter().enumerate() {
        let evidence = format!("{at}/syscalls/{index}");
        let (cause, around) = (work::cause(call), split.around_calls_ns[index]);
        ledger.add(role, cause, call.on_cpu_ns + around, call.count, evidence);
        if samples.crossing > 0 {
            let share = around as f64 / thread.crossing_ns.max(1) as f64;
            ledger.add_variance(role, cause, crossing * share * share);
        }
    }
}

/// A thread's time outside of system calls and of switching, with the way into the kernel and out of it given to what took that way.
///
/// What samples found on the way (`crossing_ns`) belongs to the calls, by their number. Where they do not tell it, what a crossing
/// costs is known from the recorder's own (`crossing_ns` of the observer), and since the kernel takes no sample where interrupts
/// are off but once they are on again, half of it was booked as faults and interrupts and half as user code. And of each page
/// fault, the way out was booked as user code, where no sample tells it. All of it only moves: the sum stays what was measured.
struct Split {
    user_ns: u64,
    fault_irq_ns: u64,
    /// For each system call, in their order.
    around_calls_ns: Vec<u64>,
}

impl Split {
    fn of(thread: &Thread, crossing_ns: f64) -> Self {
        let mut split = Split {
            user_ns: thread.user_ns,
            fault_irq_ns: thread.fault_irq_ns,
            around_calls_ns: Vec::new(),
        };
        let crossings = |count: u64| (count as f64 * crossing_ns) as u64;
        let mut found = thread.crossing_ns;
        let mut calls: u64 = thread.syscalls.iter().map(|call| call.count).sum();
        for call in &thread.syscalls {
            let own = part(found, call.count, calls);
            found -= own;
            calls -= call.count;
            let untold = match thread.samples.crossing {
                0 => split.take_halves(crossings(call.count)),
                _ => 0,
            };
            split.around_calls_ns.push(own + untold);
        }
        // Of a thread none of whose calls returned.
        split.fault_irq_ns += found;
        if thread.samples.resuming == 0 {
            split.fault_irq_ns += split.take_user(crossings(thread.faults) / 2);
        }
        split
    }

    /// Takes that much of user code, or what there is.
    fn take_user(&mut self, wanted: u64) -> u64 {
        let taken = wanted.min(self.user_ns);
        self.user_ns -= taken;
        taken
    }

    /// Takes half of that each of faults and interrupts and of user code, or what there is.
    fn take_halves(&mut self, wanted: u64) -> u64 {
        let from_faults = (wanted / 2).min(self.fault_irq_ns);
        self.fault_irq_ns -= from_faults;
        let from_user = self.take_user(wanted - from_faults);
        let rest = (wanted - from_faults - from_user).min(self.fault_irq_ns);
        self.fault_irq_ns -= rest;
        from_faults + from_user + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing::Build, work::USER_CODE};
    use proptest::prelude::*;

    #[test]
    fn a_round_is_booked_by_role_and_cause() {
        let round = Build::arm("bun")
            .thread(1, "main loop", |thread| {
                thread.user(30, 3).fault(8, 2).call("sendto", 4, 20)
            })
            .thread(2, "pool", |thread| thread.user(5, 1))
            .thread(3, "pool", |thread| thread.user(6, 1))
            .done();
        let mut ledger = Ledger::default();
        book("r", &round, &mut ledger);
        let per = |role: &str, cause: &str| ledger.per(&(Some(role.into()), cause.into()), 1.0);
        assert_eq!(per("main loop", "sendto").value, 20.0);
        assert_eq!(per("main loop", FAULTS_AND_INTERRUPTS).count, 2.0);
        assert_eq!(per("pool", USER_CODE).value, 11.0);
        let booked: f64 = ledger.0.values().map(|row| row.amount.value).sum();
        assert_eq!(booked, round.process.on_cpu_ns as f64);
    }

    #[test]
    fn the_way_into_the_kernel_and_out_belongs_to_what_took_it() {
        let split = |user, fault, calls, faults| {
            let build = Build::arm("x").thread(1, "main", |thread| {
                let thread = thread.user(user, 1).fault(fault, faults);
                thread.call("getppid", calls, 7).call("read", 1, 5)
            });
            Split::of(&build.done().threads[0], 10.0)
        };
        let ample = split(1_000, 500, 20, 8);
        assert_eq!(ample.around_calls_ns, [200, 10]);
        assert_eq!(
            (ample.user_ns, ample.fault_irq_ns),
            (1_000 - 105 - 40, 500 - 105 + 40)
        );
        let scarce = split(90, 30, 20, 0);
        assert_eq!(scarce.around_calls_ns, [120, 0]);
        assert_eq!((scarce.user_ns, scarce.fault_irq_ns), (0, 0));
    }

    #[test]
    fn what_samples_found_on_the_way_of_calls_is_theirs() {
        let build = Build::arm("x").thread(1, "main", |thread| {
            let thread = thread.user(1_000, 1).fault(500, 8);
            thread
                .crossing(150)
                .call("getppid", 20, 7)
                .call("read", 10, 5)
        });
        let round = build.done();
        let split = Split::of(&round.threads[0], 10.0);
        assert_eq!(split.around_calls_ns, [100, 50]);
        assert_eq!((split.user_ns, split.fault_irq_ns), (1_000 - 40, 500 + 40));
    }

    #[test]
    fn what_samples_found_on_the_way_back_from_faults_is_not_taken_again() {
        let build = Build::arm("x").thread(1, "main", |thread| thread.user(1_000, 1).fault(500, 8));
        let mut round = build.done();
        round.threads[0].samples.resuming = 1;
        let split = Split::of(&round.threads[0], 10.0);
        assert_eq!((split.user_ns, split.fault_irq_ns), (1_000, 500));
    }

    proptest! {
        /// Whatever a consistent recording says, its rows are its CPU time: nothing is unexplained, to the nanosecond.
        #[test]
        fn the_rows_are_the_whole(
            recordings in crate::testing::any_recordings(),
            crossing_ns in 0.0f64..5_000.0,
        ) {
            for (path, mut round) in recordings {
                round.process.on_cpu_ns = round.threads.iter().map(|thread| thread.on_cpu_ns).sum();
                round.observer.crossing_ns = crossing_ns;
                let mut ledger = Ledger::default();
                book(&path, &round, &mut ledger);
                let booked: f64 = ledger.0.values().map(|row| row.amount.value).sum();
                prop_assert_eq!(booked, round.process.on_cpu_ns as f64);
            }
        }
    }
}
