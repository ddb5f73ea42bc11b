//! Which code takes memory and gives it back, over the rounds of an arm.

use crate::{arms::Rounds, quantity};
use recording::sites::{Frame, MemorySite, PAGE_FAULT, SYSTEM_CALL};
use std::collections::BTreeMap;

/// Functions of a stack that a sentence names.
const TOLD: usize = 3;
/// A site that has less than this share is not worth a sentence.
const WORTH_TELLING: f64 = 0.1;

/// A sentence's part about the largest site, and what it rests on.
#[derive(Debug, Default, PartialEq)]
pub struct Told {
    /// `; 62 % of its page faults are by …`; empty where that is not known.
    pub text: String,
    /// The site in each recording.
    pub evidence: Vec<String>,
}

/// Who takes most of an arm's page faults, if its code has a name.
pub fn page_faults(arm: &Rounds<'_>) -> Told {
    told(arm, "page faults", |site| site.kind == PAGE_FAULT)
}

/// Who makes most of an arm's calls that manage memory, if its code has a name.
pub fn memory_calls(arm: &Rounds<'_>) -> Told {
    told(arm, "memory calls", |site| site.kind != PAGE_FAULT)
}

/// What is told of one site: its kind and its stack; its threads are told elsewhere.
type Key<'a> = (&'a str, &'a [Frame]);

fn told(arm: &Rounds<'_>, what: &str, counts: impl Fn(&MemorySite) -> bool) -> Told {
    let mut sums: BTreeMap<Key<'_>, (u64, Vec<String>)> = BTreeMap::new();
    let mut all = 0;
    for (path, recording) in &arm.rounds {
        let sites = recording.memory_sites.iter().enumerate();
        for (index, site) in sites.filter(|(_, site)| counts(site)) {
            let sum = sums.entry((&site.kind, &site.stack)).or_default();
            sum.0 += site.count;
            sum.1.push(format!("{path}#/memory_sites/{index}"));
            all += site.count;
        }
    }
    let listed = sums.into_iter().filter(|((_, stack), _)| !stack.is_empty());
    let Some(((kind, stack), (count, evidence))) = listed.max_by_key(|(_, (count, _))| *count)
    else {
        return Told::default();
    };
    let share = count as f64 / all as f64;
    if share < WORTH_TELLING || !stack.iter().any(Frame::is_named) {
        return Told::default();
    }
    let kind = if kind == PAGE_FAULT {
        String::new()
    } else {
        format!("{kind} ")
    };
    let text = format!(
        "; {} of its {what} while recorded are {kind}{}",
        quantity::percent(share),
        by(stack)
    );
    Told { text, evidence }
}

/// `by a ← b`, or `in the system call read`.
fn by(stack: &[Frame]) -> String {
    match stack.first() {
        Some(frame) if frame.class == SYSTEM_CALL => {
            format!("in the system call {}", frame.function)
        }
        _ => format!("by {}", names(stack, TOLD)),
    }
}

/// The first functions of a stack, innermost first, each with its file where the next is of another: `munmap (libc.so.6) ← main.drop
/// (server)`.
pub fn names(stack: &[Frame], most: usize) -> String {
    let shown = &stack[..stack.len().min(most)];
    let mut text = String::new();
    for (place, frame) in shown.iter().enumerate() {
        if place > 0 {
            text += " ← ";
        }
        text += name(frame);
        let of_the_same_file = shown
            .get(place + 1)
            .is_some_and(|next| next.file == frame.file);
        if !frame.function.is_empty() && !frame.file.is_empty() && !of_the_same_file {
            text += &format!(" ({})", frame.file);
        }
    }
    if shown.len() < stack.len() {
        text += " ← …";
    }
    text
}

fn name(frame: &Frame) -> &str {
    match frame {
        Frame { function, .. } if !function.is_empty() => function,
        Frame { class, .. } if class == "jit code" => "compiled code",
        Frame { file, .. } if !file.is_empty() => file,
        Frame { class, .. } => class,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Build;

    fn frame(function: &str, file: &str) -> Frame {
        Frame {
            function: function.into(),
            file: file.into(),
            class: "binary text".into(),
        }
    }

    fn site(kind: &str, count: u64, stack: &[Frame]) -> MemorySite {
        MemorySite {
            kind: kind.into(),
            count,
            stack: stack.into(),
            ..MemorySite::default()
        }
    }

    fn told_of(sites: Vec<MemorySite>) -> [Told; 2] {
        let round = Build::arm("go").with(|recording| recording.memory_sites = sites);
        let round = round.done();
        let arm = Rounds {
            arm: "go",
            rounds: vec![("go/1", &round), ("go/2", &round)],
        };
        [page_faults(&arm), memory_calls(&arm)]
    }

    #[test]
    fn the_largest_site_is_told_with_its_share() {
        let [faults, calls] = told_of(vec![
            site(PAGE_FAULT, 10, &[frame("main.main", "server")]),
            site(PAGE_FAULT, 70, &[frame("memset", "libc.so.6")]),
            site(PAGE_FAULT, 20, &[]),
            site(
                "munmap",
                5,
                &[
                    frame("munmap", "libc.so.6"),
                    frame("free", "libc.so.6"),
                    frame("main", "a"),
                    frame("up", "a"),
                ],
            ),
        ]);
        assert_eq!(
            faults.text,
            "; 70 % of its page faults while recorded are by memset (libc.so.6)"
        );
        assert_eq!(
            faults.evidence,
            ["go/1#/memory_sites/1", "go/2#/memory_sites/1"]
        );
        assert_eq!(
            calls.text,
            "; 100 % of its memory calls while recorded are munmap by munmap ← free (libc.so.6) ← main (a) ← …"
        );
    }

    #[test]
    fn what_is_not_known_or_small_is_not_told() {
        let nameless = Frame {
            file: "bun".into(),
            ..Frame::default()
        };
        assert_eq!(
            told_of(vec![site(PAGE_FAULT, 9, &[nameless])])[0],
            Told::default()
        );
        let many = (0..11).map(|n| site(PAGE_FAULT, 1, &[frame(&n.to_string(), "a")]));
        assert_eq!(told_of(many.collect())[0], Told::default());
        assert_eq!(told_of(vec![site(PAGE_FAULT, 9, &[])])[0], Told::default());
        assert_eq!(told_of(vec![])[0], Told::default());
    }

    #[test]
    fn faults_of_copies_in_the_kernel_are_told_by_their_call() {
        let call = Frame {
            function: "read".into(),
            class: SYSTEM_CALL.into(),
            ..Frame::default()
        };
        let text = &told_of(vec![site(PAGE_FAULT, 9, &[call])])[0].text;
        assert!(text.ends_with("are in the system call read"), "{text}");
    }
}
