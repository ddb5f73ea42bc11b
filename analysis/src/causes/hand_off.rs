//! Work passed from one thread to another, and locks.

use super::{About, Case, Hit, Kind, Rule};
use recording::Recording;

/// See the module.
pub struct HandOff;

const ABOUT: About = About {
    id: "hand-off",
    title: "Handing work between threads",
    pattern: "futex calls: threads that wake each other, and locks that are fought over",
    meaning: "Each hand-over is a wake-up and a switch; a contended lock is two",
    remedy: "Let the thread that received the data finish the job, or use fewer threads (GOMAXPROCS for Go)",
};

impl Rule for HandOff {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.work("handing work between threads")?;
        let text = format!(
            "{}; its threads wake each other: {}",
            case.counts("futex calls", &rows),
            case.compared(
                "such wake-ups",
                case.per(case.dear, woken),
                case.per(case.cheap, woken)
            )
        );
        Some(Hit {
            rows,
            text,
            evidence: case.cite_all("/wakers"),
        })
    }
}

/// Wake-ups of the target's threads by its own threads.
fn woken(recording: &Recording) -> u64 {
    let own = |role: &String| recording.threads.iter().any(|thread| thread.role == *role);
    let wakers = recording
        .wakers
        .iter()
        .filter(|waker| own(&waker.from_role));
    wakers.map(|waker| waker.count).sum()
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn futex_traffic_is_found() {
        let found = planted("hand-off", |build| build.call("futex", 5_000, DOSE));
        assert_whole(&found);
    }
}
