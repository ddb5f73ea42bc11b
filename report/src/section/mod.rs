//! The sections of a report, in reading order: the verdict, its proof, then whether to trust it.

mod activity;
mod causes;
mod checks;
mod claims;
mod code_categories;
mod faults;
mod finding_text;
pub mod flame;
mod host;
mod instrumented;
mod latency;
mod load;
mod memory_growth;
mod memory_stacks;
mod metrics;
mod names;
mod notices;
mod observer;
mod observer_cost;
mod over_time;
mod packages;
mod peers;
mod runtime_stats;
mod starts;
pub mod summary;
mod symbols;
mod thread_time;
mod threads;
mod verdict;
mod waste;
mod waterfall;

pub(crate) use checks::sentence as check_sentence;

use crate::{
    Input,
    arms::Arms,
    document::{Document, Section},
};

/// Builds the whole report.
pub fn document(input: &Input) -> Document {
    let arms = Arms::of(input);
    let sections = [
        Some(verdict::section(input, &arms)),
        starts::section(&arms),
        waterfall::section(input, &arms),
        causes::section(input, &arms),
        waste::section(input),
        metrics::section(input, &arms),
        claims::section(input),
        code_categories::section(&arms),
        packages::section(input, &arms),
        flame::section(input.comparison.flame.as_ref(), &arms),
        symbols::section(&arms),
        instrumented::section(input),
        thread_time::section(&arms),
        over_time::section(&arms),
        runtime_stats::section(&arms),
        activity::section(&arms),
        faults::section(&arms),
        memory_growth::section(input, &arms),
        latency::section(&arms),
        threads::section(&arms),
        load::section(&arms),
        checks::section(&arms),
        observer_cost::section(input),
        host::section(input, &arms),
    ];
    Document {
        title: title(&arms),
        subtitle: host::subtitle(&arms),
        notices: notices::notices(input, &arms),
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
