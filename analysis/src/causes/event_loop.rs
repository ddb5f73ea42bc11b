//! The waiting of event loops.

use super::case::largest;
use super::{About, Case, Hit, Kind, Rule};

/// See the module.
pub struct EventLoop;

const ABOUT: About = About {
    id: "event-loop",
    title: "Waiting for events",
    pattern: "epoll and poll calls",
    meaning: "Each turn of an event loop asks the kernel what is ready, and goes to sleep and wakes up for it",
    remedy: "Handle more for each turn; let one loop serve both sides of a stream",
};

impl Rule for EventLoop {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.work("waiting for events")?;
        let text = format!(
            "{}{}",
            case.counts("calls", &rows),
            largest(&rows, &case.story.metric.unit)
        );
        Some(Hit {
            rows,
            text,
            evidence: vec![],
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn more_turns_are_found() {
        let found = planted("event-loop", |build| {
            build.call("epoll_pwait2", 5_000, DOSE)
        });
        assert_whole(&found);
    }
}
