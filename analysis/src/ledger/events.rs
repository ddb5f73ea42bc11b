//! Metrics that count: switches, wake-ups, system calls, faults. Their value is their count.

use super::{Key, Ledger};
use crate::kinds;
use recording::evidence::{Field, List};
use recording::vocabulary::TermKind;
use recording::{Evidence, Recording};

/// Books the context switches of one round, by thread role.
pub fn book_switches(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in recording.threads.iter().enumerate() {
        let at = Evidence::entry(path, List::Threads, index);
        let rows = [
            (
                TermKind::VoluntarySwitch,
                thread.voluntary_switches,
                Field::VoluntarySwitches,
            ),
            (
                TermKind::InvoluntarySwitch,
                thread.involuntary_switches,
                Field::InvoluntarySwitches,
            ),
        ];
        for (kind, count, field) in rows {
            let key = Key::of_kind(Some(&thread.role), kind);
            ledger.add(key, count, count, at.clone().field(field));
        }
    }
}

/// Books the wake-ups of one round, by waker and wakee.
pub fn book_wakeups(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, waker) in recording.wakers.iter().enumerate() {
        let evidence = Evidence::entry(path, List::Wakers, index).field(Field::Count);
        let cause = format!("woken by {}", waker.from_role);
        let key = Key::new(Some(&waker.to_role), TermKind::Wakeup, cause);
        ledger.add(key, waker.count, waker.count, evidence);
    }
}

/// Books the system calls of one round, by thread role and name.
pub fn book_syscalls(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in recording.threads.iter().enumerate() {
        for (place, call) in thread.syscalls.iter().enumerate() {
            let evidence = Evidence::thread_syscall(path, index, place).field(Field::Count);
            let (kind, cause) = kinds::of_syscall(call);
            let key = Key::new(Some(&thread.role), kind, cause);
            ledger.add(key, call.count, call.count, evidence);
        }
    }
}

/// Books the page faults of one round, by class of region.
pub fn book_faults(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, region) in recording.faults.regions.iter().enumerate() {
        let evidence = Evidence::entry(path, List::FaultRegions, index).field(Field::Count);
        let key = Key::of_kind(None, TermKind::FaultRegion(region.class));
        ledger.add(key, region.count, region.count, evidence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::go_and_bun;

    #[test]
    fn books_every_event_of_the_process() {
        let (path, round) = &go_and_bun(1)[1];
        let booked = |book: fn(&str, &Recording, &mut Ledger)| {
            let mut ledger = Ledger::default();
            book(path, round, &mut ledger);
            ledger.total()
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
