//! Go's sysmon: what it costs follows from how long anything runs.

use super::{About, Comparison, Kind, Match, Rule};
use recording::vocabulary::Role;

/// See the module. It runs on no processor of the scheduler, looks every 20 µs at first and every 10 ms at last, and sleeps when
/// all of the process does (`sysmon` in Go's `runtime/proc.go`).
pub struct GoSysmon;

const ABOUT: About = About {
    id: "go-sysmon",
    title: "Go's watcher",
    pattern: "All of Go's sysmon thread",
    meaning: "It looks every 20 µs to 10 ms at what runs, for as long as anything does: so this follows from what keeps the process busy, and is no cause of its own",
    remedy: "Look at the other causes; nothing switches it off",
};

impl Rule for GoSysmon {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn is_consequence(&self) -> bool {
        true
    }

    fn check(&self, pair: &Comparison<'_>) -> Option<Match> {
        let rows = pair.rows(|row| row.role == Role::GoSysmon)?;
        let text = pair.values(&rows);
        Some(Match::of(rows, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::testing::*;

    #[test]
    fn it_is_found_and_said_to_follow() {
        let found = planted("go-sysmon", |build| {
            build.thread(9, Role::GoSysmon, |thread| {
                thread
                    .call("nanosleep", 1_000, DOSE / 2)
                    .user(DOSE / 2, 1_000)
            })
        });
        assert_whole(&found);
        assert!(found.consequence);
    }

    #[test]
    fn other_causes_are_causes() {
        let found = planted("other-syscalls", |build| build.call("getpid", 10, DOSE));
        assert!(!found.consequence);
    }
}
