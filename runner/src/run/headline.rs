//! The first line of a run: its plan.

use super::Prepared;
use crate::plan::{Purpose, Step, TRACED};
use recording::{format, observer::Mode};

impl Prepared<'_> {
    /// Describes the plan in one line.
    pub(super) fn headline(&self, plan: &[Step]) -> String {
        /// Longer plans are cut here.
        const SHOWN: usize = 24;
        let name = |step: &Step| {
            let arm = self.arms[step.arm].name();
            match (step.purpose, step.mode) {
                (Purpose::Instrumented, _) => format!("{arm}(instrumented)"),
                (Purpose::Traced, _) => format!("{arm}(traced)"),
                (Purpose::Measured, Mode::All) => arm.to_owned(),
                (Purpose::Measured, mode) => format!("{arm}({})", mode.name()),
            }
        };
        let mut order: Vec<String> = plan.iter().take(SHOWN).map(name).collect();
        if plan.len() > SHOWN {
            order.push("…".into());
        }
        let each = match (self.request.starts, self.request.duration) {
            (Some(starts), _) => format!("of {starts} starts"),
            (None, Some(duration)) => {
                let overhead = plan.iter().any(|step| step.mode == Mode::Overhead);
                let traced = plan.iter().any(|step| step.purpose == Purpose::Traced);
                let shorter = TRACED < duration && traced;
                let longer = match (overhead, shorter) {
                    (true, false) => ", rounds of overhead four times as long",
                    (true, true) => ", rounds of overhead four times as long, traced ones of 5s",
                    (false, true) => ", traced ones of 5s",
                    (false, false) => "",
                };
                format!("of {}{longer}", humantime::format_duration(duration))
            }
            (None, None) => "as long as the load command takes".into(),
        };
        let (count, order, place) = (plan.len(), order.join(" "), self.placement.text(false));
        let count = match &self.request.auto {
            Some(auto) => format!(
                "until intervals reach at most {} to each side, or {} have passed, at most {count}",
                format::percent_tenths(auto.precision),
                humantime::format_duration(auto.max_time)
            ),
            None => count.to_string(),
        };
        format!(
            "{count} recordings {each}: {order}; {place}; results in {}",
            self.out.display()
        )
    }
}
