//! Metrics that count: switches, wake-ups, system calls, faults. Their value is their count.

use super::Ledger;
use crate::work;
use recording::Recording;

/// Books the context switches of one round, by thread role.
pub fn book_switches(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in recording.threads.iter().enumerate() {
        let at = format!("{path}#/threads/{index}");
        let mut book = |cause: &str, count: u64, field: &str| {
            let evidence = format!("{at}/{field}");
            ledger.add(Some(&thread.role), cause, count, count, evidence);
        };
        book(
            "went to sleep",
            thread.voluntary_switches,
            "voluntary_switches",
        );
        book(
            "was preempted",
            thread.involuntary_switches,
            "involuntary_switches",
        );
    }
}

/// Books the wake-ups of one round, by who woke whom.
pub fn book_wakeups(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, waker) in recording.wakers.iter().enumerate() {
        let evidence = format!("{path}#/wakers/{index}/count");
        let cause = format!("woken by {}", waker.from_role);
        ledger.add(
            Some(&waker.to_role),
            &cause,
            waker.count,
            waker.count,
            evidence,
        );
    }
}

/// Books the system calls of one round, by thread role and name.
pub fn book_syscalls(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in recording.threads.iter().enumerate() {
        for (call_index, call) in thread.syscalls.iter().enumerate() {
            let evidence = format!("{path}#/threads/{index}/syscalls/{call_index}/count");
            ledger.add(
                Some(&thread.role),
                work::cause(call),
                call.count,
                call.count,
                evidence,
            );
        }
    }
}

/// Books the page faults of one round, by class of region.
pub fn book_faults(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, region) in recording.faults.regions.iter().enumerate() {
        let evidence = format!("{path}#/faults/regions/{index}/count");
        let cause = format!("in {}", region.class);
        ledger.add(None, &cause, region.count, region.count, evidence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::go_and_bun;

    #[test]
    fn every_event_of_the_process_is_booked() {
        let (path, round) = &go_and_bun(1)[1];
        let booked = |book: fn(&str, &Recording, &mut Ledger)| {
            let mut ledger = Ledger::default();
            book(path, round, &mut ledger);
            ledger
                .0
                .values()
                .map(|row| row.amount.value as u64)
                .sum::<u64>()
        };
        let process = &round.process;
        assert_eq!(
            booked(book_switches),
            process.voluntary_switches + process.involuntary_switches
        );
        assert_eq!(booked(book_wakeups), process.wakeups);
        assert_eq!(
            booked(book_syscalls),
            round.syscalls.iter().map(|call| call.count).sum::<u64>()
        );
        assert_eq!(booked(book_faults), round.faults.minor + round.faults.major);
    }
}
