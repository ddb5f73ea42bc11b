//! Threads whose CPU is taken from them.

use super::{Comparison, Match};
use recording::vocabulary::TermKind;

/// Matches context-switch return.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let rows = pair.rows(|row| row.kind == TermKind::ContextSwitch)?;
    let text = pair.counts("preemptions", &rows);
    Some(Match::of(rows, text))
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn finds_preemptions() {
        let found = planted("preemption", |build| {
            build.thread(9, "worker", |thread| thread.ctx_switch(DOSE, 20_000))
        });
        assert_whole(&found);
        assert!(
            found.text.contains("20 preemptions per token"),
            "{}",
            found.text
        );
    }
}
