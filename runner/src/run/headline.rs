//! The first line of a run: its plan.

use super::Prepared;
use crate::plan::Step;
use recording::{format, observer::Mode};

impl Prepared<'_> {
    /// Describes the plan in one line.
    pub(super) fn headline(&self, plan: &[Step]) -> String {
        /// Longer plans are cut here.
        const SHOWN: usize = 24;
        let name = |step: &Step| match step.mode {
            _ if step.instrumented => format!("{}(instrumented)", self.arms[step.arm].name()),
            Mode::All => self.arms[step.arm].name().to_owned(),
            mode => format!("{}({})", self.arms[step.arm].name(), mode.name()),
        };
        let mut order: Vec<String> = plan.iter().take(SHOWN).map(name).collect();
        if plan.len() > SHOWN {
            order.push("…".into());
        }
        let each = match (self.request.starts, self.request.duration) {
            (Some(starts), _) => format!("of {starts} starts"),
            (None, Some(duration)) => {
                let overhead = plan.iter().any(|step| step.mode == Mode::Overhead);
                let longer = match overhead {
                    true => ", rounds of overhead four times as long",
                    false => "",
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
