//! The sections of a report, in reading order: the answer first, then the proof, then whether to trust it.

mod activity;
mod bridge;
mod causes;
mod claims;
mod detail;
mod faults;
mod host;
mod latency;
mod load;
mod metrics;
mod names;
mod observer_cost;
mod over_time;
mod rows;
mod runtime_activity;
mod sites;
mod slopes;
mod starts;
mod threads;
mod told;
mod trust;
mod user_code;
mod verdict;
mod waiting;

use crate::{
    Input,
    arms::Arms,
    document::{Document, Section},
};

/// The whole report.
pub fn document(input: &Input) -> Document {
    let arms = Arms::of(input);
    let sections = [
        verdict::section(input, &arms),
        starts::section(&arms),
        bridge::section(input, &arms),
        causes::section(input, &arms),
        metrics::section(input, &arms),
        claims::section(input),
        user_code::section(&arms),
        detail::section(input),
        waiting::section(&arms),
        over_time::section(&arms),
        runtime_activity::section(&arms),
        activity::section(&arms),
        faults::section(&arms),
        slopes::section(input, &arms),
        latency::section(&arms),
        threads::section(&arms),
        load::section(&arms),
        trust::section(&arms),
        observer_cost::section(input),
        host::section(input, &arms),
    ];
    Document {
        title: title(&arms),
        subtitle: host::subtitle(&arms),
        notices: trust::notices(input, &arms),
        sections: sections
            .into_iter()
            .flatten()
            .filter(|section: &Section| !section.blocks.is_empty())
            .collect(),
    }
}

fn title(arms: &Arms) -> String {
    let names: Vec<&str> = arms.names().collect();
    match names.split_first() {
        None => "Nothing recorded".into(),
        Some((only, [])) => only.to_string(),
        Some((first, others)) => format!("{first} against {}", others.join(", ")),
    }
}
