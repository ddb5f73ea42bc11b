//! Threads that exist for one job.

use super::{Comparison, Match};
use crate::gc;
use recording::vocabulary::TermKind;

/// Matches the work of dedicated threads, and the same work that samples found on other threads.
pub(super) fn check(pair: &Comparison<'_>, job: TermKind) -> Option<Match> {
    let rows = pair.work(job)?;
    let text = pair.values(&rows) + &collections(pair, job);
    Some(Match::of(rows, text))
}

/// Returns how often each arm collects garbage, and what happens between two collections.
fn collections(pair: &Comparison<'_>, job: TermKind) -> String {
    if job != TermKind::Gc {
        return String::new();
    }
    let arms = [pair.costly, pair.baseline];
    let known = arms.into_iter().filter_map(|arm| {
        let gc = gc::of_arm(arm)?;
        (!gc.text.is_empty()).then(|| format!("; {}: {}", arm.arm, gc.text))
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::vocabulary::Role;

    #[test]
    fn finds_threads_of_each_job() {
        for (id, role) in [
            ("garbage-collection", Role::JscHeapHelper),
            ("garbage-collection", Role::Gc),
            ("jit-compilation", Role::JscJit),
        ] {
            let found = planted(id, |build| {
                build.thread(9, role.clone(), |thread| thread.user(DOSE, 50))
            });
            assert_whole(&found);
        }
    }

    #[test]
    fn ignores_threads_of_many_jobs() {
        let found = causes_of(|build| build.thread(9, "pool", |thread| thread.user(DOSE, 50)));
        assert_eq!(found[0].id, "user-code");
    }
}
