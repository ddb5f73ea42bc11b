//! Memory that is taken from the kernel and returned, again and again.

use super::{Comparison, Delta, Match, rows::surrounding_code};
use crate::call_sites;
use crate::thresholds::Limit;
use recording::evidence::Part;
use recording::vocabulary::{SyscallClass, TermKind};
use recording::{Evidence, Recording};

const MEMORY: SyscallClass = SyscallClass::Memory;
/// Matches page faults and memory syscalls, where there are more faults.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let rows = pair.rows(is_churn)?;
    let (costly, baseline) = (
        pair.per(pair.costly, faults),
        pair.per(pair.baseline, faults),
    );
    // The kernel charges interrupts to the running thread, so time without faults proves nothing.
    if costly < pair.limits[Limit::FaultRatio] * baseline || costly < pair.limits[Limit::Faults] {
        return None;
    }
    let around = surrounding_code(pair.unclaimed(), is_fault, pair.limits[Limit::FaultCodeNs]);
    let calls = rows
        .iter()
        .filter(|row| row.kind == TermKind::Syscall(MEMORY));
    let calls: Vec<_> = calls.cloned().collect();
    let (faulting, calling) = (
        call_sites::page_faults(pair.costly),
        call_sites::memory_calls(pair.costly),
    );
    let text = format!(
        "{}, and {}{}{}",
        pair.compared("page faults", costly, baseline),
        pair.counts("memory syscalls", &calls),
        faulting.text,
        calling.text,
    );
    let mut evidence = pair.cite_all(|path| Evidence::part(path, Part::Faults));
    evidence.extend(faulting.evidence.into_iter().chain(calling.evidence));
    Some(Match {
        rows: pair.rows(|row| is_churn(row) || around.contains(row))?,
        text,
        evidence,
    })
}

fn is_churn(row: &Delta) -> bool {
    matches!(
        row.work(),
        TermKind::Fault | TermKind::MemoryReturn | TermKind::Syscall(SyscallClass::Memory)
    )
}

fn is_fault(row: &Delta) -> bool {
    row.kind == TermKind::Fault
}

fn faults(recording: &Recording) -> u64 {
    recording.faults.minor + recording.faults.major
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::MemoryStack;
    use recording::vocabulary::{CodePlace, MemoryEvent, RegionClass, Role};

    #[test]
    fn finds_pages_that_are_taken_and_returned() {
        let found = planted("allocation-churn", |build| {
            build.thread(9, MAIN, |thread| {
                thread.fault(DOSE / 2, 4_000).call("madvise", 100, DOSE / 2)
            })
        });
        assert_whole(&found);
    }

    #[test]
    fn names_the_call_site_of_page_faults() {
        let found = planted("allocation-churn", |build| {
            let build = build.thread(9, MAIN, |thread| thread.fault(DOSE, 4_000));
            build.with(|recording| {
                let frame = recording::process::Frame {
                    function: "main.touch".into(),
                    file: String::new(),
                    class: CodePlace::Region(RegionClass::BinaryText),
                    code: None,
                };
                recording.memory_stacks = vec![MemoryStack {
                    kind: MemoryEvent::PageFault,
                    count: 4_000,
                    stack: vec![frame],
                    ..MemoryStack::default()
                }];
            })
        });
        let expected = "; 100 % of its page faults while recorded are by main.touch";
        assert!(found.text.contains(expected), "{}", found.text);
        let cited = found
            .evidence
            .iter()
            .filter(|at| at.pointer() == "/memory_stacks/0");
        assert_eq!(cited.count(), 3);
    }

    #[test]
    fn ignores_interrupts_without_faults() {
        assert!(
            causes_of(|build| build.thread(9, MAIN, |thread| thread.fault(DOSE, 0))).is_empty()
        );
    }

    #[test]
    fn claims_only_little_user_code_around_faults() {
        let found = |user: u64| {
            causes_of(|build| build.thread(1, MAIN, |more| more.fault(DOSE, 50_000).user(user, 0)))
        };
        assert_eq!(sorted_ids(&found(DOSE / 4)), ["allocation-churn"]);
        assert_eq!(sorted_ids(&found(DOSE)), ["allocation-churn", "user-code"]);
    }

    #[test]
    fn counts_scavenger_threads_once() {
        let found = planted("allocation-churn", |build| {
            build.thread(9, Role::AllocatorScavenger, |thread| {
                thread.fault(DOSE, 50_000).user(DOSE / 4, 1_000)
            })
        });
        assert_whole(&found);
    }
}
