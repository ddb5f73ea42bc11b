//! Call sites that take memory and return it, over the rounds of an arm.

use crate::arms::Rounds;
use crate::thresholds::{Limit, Thresholds};
use recording::Evidence;
use recording::evidence::List;
use recording::format;
use recording::memory::MemoryStack;
use recording::process::Frame;
use recording::vocabulary::{CodePlace, MemoryEvent};
use std::collections::BTreeMap;

/// Functions of a stack that a sentence names.
const SHOWN: usize = 3;
/// A clause about the largest call site, and its evidence.
#[derive(Debug, Default, PartialEq)]
pub struct Clause {
    /// `; 62 % of its page faults while recorded are by …`; empty where the site is unknown or
    /// small.
    pub text: String,
    /// The call site in each recording.
    pub evidence: Vec<Evidence>,
}

/// Describes the call site of most of an arm's page faults, if its code has a name.
pub fn page_faults(arm: &Rounds<'_>) -> Clause {
    let is_fault = |site: &MemoryStack| site.kind == MemoryEvent::PageFault;
    largest(arm, "page faults", is_fault)
}

/// Describes the call site of most of an arm's memory-management calls, if its code has a name.
pub fn memory_calls(arm: &Rounds<'_>) -> Clause {
    let is_call = |site: &MemoryStack| site.kind != MemoryEvent::PageFault;
    largest(arm, "memory calls", is_call)
}

/// Calls of one kind and stack, on all threads.
#[derive(Default)]
struct Sum {
    count: u64,
    evidence: Vec<Evidence>,
}

fn largest(arm: &Rounds<'_>, events: &str, counts: impl Fn(&MemoryStack) -> bool) -> Clause {
    let mut sums: BTreeMap<(MemoryEvent, Vec<Frame>), Sum> = BTreeMap::new();
    let mut all = 0;
    for (path, recording) in &arm.rounds {
        let sites = recording.memory_stacks.iter().enumerate();
        for (index, site) in sites.filter(|(_, site)| counts(site)) {
            let sum = sums.entry((site.kind, site.frames())).or_default();
            sum.count += site.count;
            let evidence = Evidence::entry(path, List::MemoryStacks, index);
            sum.evidence.push(evidence);
            all += site.count;
        }
    }
    let listed = sums.into_iter().filter(|((_, stack), _)| !stack.is_empty());
    let Some(((kind, stack), sum)) = listed.max_by_key(|(_, sum)| sum.count) else {
        return Clause::default();
    };
    let share = sum.count as f64 / all as f64;
    if share < Thresholds::default()[Limit::CallSiteShare] || !stack.iter().any(Frame::is_named) {
        return Clause::default();
    }
    let kind = match kind {
        MemoryEvent::PageFault => String::new(),
        call => format!("{call} "),
    };
    let site = MemoryStack {
        stack,
        ..MemoryStack::default()
    };
    let text = format!(
        "; {} of its {events} while recorded are {kind}{}",
        format::percent(share),
        by(&site)
    );
    Clause {
        text,
        evidence: sum.evidence,
    }
}

/// `by a ← b`, or `in the system call read`.
fn by(site: &MemoryStack) -> String {
    match site.stack.first() {
        Some(frame) if frame.class == CodePlace::Syscall => {
            format!("in the system call {}", frame.function)
        }
        _ => format!("by {}", site.functions(SHOWN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;
    use recording::vocabulary::RegionClass;

    fn frame(function: &str, file: &str) -> Frame {
        Frame {
            function: function.into(),
            file: file.into(),
            class: CodePlace::Region(RegionClass::BinaryText),
            code: None,
        }
    }

    fn site(kind: MemoryEvent, count: u64, stack: &[Frame]) -> MemoryStack {
        MemoryStack {
            kind,
            count,
            stack: stack.into(),
            ..MemoryStack::default()
        }
    }

    fn fault(count: u64, stack: &[Frame]) -> MemoryStack {
        site(MemoryEvent::PageFault, count, stack)
    }

    fn clauses(sites: Vec<MemoryStack>) -> [Clause; 2] {
        let round = Build::arm("go").with(|recording| recording.memory_stacks = sites);
        let round = round.done();
        let arm = Rounds {
            arm: "go",
            rounds: vec![("go/1", &round), ("go/2", &round)],
            traced: Vec::new(),
        };
        [page_faults(&arm), memory_calls(&arm)]
    }

    #[test]
    fn names_the_largest_site_with_its_share() {
        let [faults, calls] = clauses(vec![
            fault(10, &[frame("main.main", "server")]),
            fault(70, &[frame("memset", "libc.so.6")]),
            fault(20, &[]),
            site(
                MemoryEvent::Unmap,
                5,
                &[
                    frame("munmap", "libc.so.6"),
                    frame("free", "libc.so.6"),
                    frame("main", "a"),
                    frame("up", "a"),
                ],
            ),
        ]);
        let expected = "; 70 % of its page faults while recorded are by memset (libc.so.6)";
        assert_eq!(faults.text, expected);
        let cited = faults.evidence.iter().map(|at| at.to_string());
        let expected = ["go/1#/memory_stacks/1", "go/2#/memory_stacks/1"];
        assert_eq!(cited.collect::<Vec<_>>(), expected);
        assert_eq!(
            calls.text,
            "; 100 % of its memory calls while recorded are munmap by munmap ← free (libc.so.6) ← main (a) ← …"
        );
    }

    #[test]
    fn omits_unknown_and_small_sites() {
        let first = |sites| {
            let [faults, _] = clauses(sites);
            faults
        };
        assert_eq!(
            first(vec![fault(9, &[frame("", "bun")])]),
            Clause::default()
        );
        let many = (0..11).map(|n| fault(1, &[frame(&n.to_string(), "a")]));
        assert_eq!(first(many.collect()), Clause::default());
        assert_eq!(first(vec![fault(9, &[])]), Clause::default());
        assert_eq!(first(vec![]), Clause::default());
    }

    #[test]
    fn names_the_call_in_which_the_kernel_touched_a_page() {
        let call = Frame {
            class: CodePlace::Syscall,
            ..frame("read", "")
        };
        let [faults, _] = clauses(vec![fault(9, &[call])]);
        assert!(
            faults.text.ends_with("are in the system call read"),
            "{}",
            faults.text
        );
    }
}
