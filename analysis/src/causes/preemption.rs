//! Threads whose CPU is taken from them.

use super::{About, Comparison, Kind, Match, Rule};
use recording::vocabulary::TermKind;

/// See the module.
pub struct Preemption;

const ABOUT: About = About {
    id: "preemption",
    title: "Being preempted",
    pattern: "CPU time in the kernel outside of calls just after a thread got its CPU back, where the threads are not woken by each other",
    meaning: "The kernel took the CPU for another thread, and switching back is work as well",
    remedy: "Have no more threads that want to run than CPUs, or give the target CPUs of its own (--target-cpus)",
};

impl Rule for Preemption {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, pair: &Comparison<'_>) -> Option<Match> {
        let rows = pair.rows(|row| row.kind == TermKind::ContextSwitch)?;
        let text = pair.counts("preemptions", &rows);
        Some(Match::of(rows, text))
    }
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn preemptions_are_found() {
        let found = planted("preemption", |build| {
            build.thread(9, "worker", |thread| thread.ctx_switch(DOSE, 20_000))
        });
        assert_whole(&found);
        assert!(
            found.text.contains("20 preemptions a token"),
            "{}",
            found.text
        );
    }
}
