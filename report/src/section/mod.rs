//! The sections of a report, in reading order: the verdict, its proof, then whether to trust it.

mod activity;
mod block_io;
mod cards;
mod cause_rows;
pub(crate) mod cause_stacks;
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
mod lost_waits;
mod memory_growth;
mod memory_stacks;
mod metrics;
mod names;
mod notices;
mod observer;
mod observer_cost;
mod off_cpu_flame;
mod over_time;
mod packages;
mod peers;
mod rates;
mod requests;
mod runtime_stats;
mod starts;
pub mod summary;
mod symbols;
#[cfg(test)]
mod testing;
mod thread_time;
mod threads;
mod tokens;
mod upstreams;
mod verdict;
mod wait_graph;
mod waits;
mod waste;
mod waterfall;

pub(crate) use causes::is_statement;
pub(crate) use checks::sentence as check_sentence;

use crate::{
    Input,
    arms::Arms,
    document::{Chapter, Document, Section},
};

/// Builds the whole report.
pub fn document(input: &Input) -> Document {
    let arms = Arms::of(input);
    let summary = [
        Some(verdict::section(input, &arms)),
        starts::section(&arms),
        waterfall::section(input, &arms),
        tokens::section(&arms),
        causes::section(input, &arms),
        waste::section(input),
        metrics::section(input, &arms),
    ];
    let cpu = [
        code_categories::section(&arms),
        packages::section(input, &arms),
        flame::section(input.comparison.flame.as_ref(), &arms),
        symbols::section(&arms),
        instrumented::section(input),
        over_time::section(&arms),
        runtime_stats::section(&arms),
        activity::section(&arms),
        threads::section(&arms),
    ];
    let memory = [faults::section(&arms), memory_growth::section(input, &arms)];
    let waiting = [
        thread_time::section(&arms),
        requests::section(&arms),
        waits::section(input.comparison.off_cpu_flame.as_ref(), &arms),
    ];
    let trust = [
        claims::section(input),
        checks::section(&arms),
        observer_cost::section(input),
        host::section(input, &arms),
    ];
    let chapters = [
        chapter("summary", "Summary", summary),
        chapter("cpu-time", "CPU", cpu),
        chapter("memory", "Memory", memory),
        chapter("delay", "Latency", [latency::section(&arms)]),
        chapter("waiting", "Waiting", waiting),
        chapter("traffic", "Load", [load::section(&arms)]),
        chapter("trust", "Trust", trust),
    ];
    Document {
        title: title(&arms),
        subtitle: host::subtitle(&arms),
        arms: arms.names().map(String::from).collect(),
        notices: notices::notices(input, &arms),
        chapters: chapters.into_iter().flatten().collect(),
    }
}

/// Returns a chapter of the sections that have content; nothing without any.
fn chapter(
    id: &'static str,
    title: &'static str,
    sections: impl IntoIterator<Item = Option<Section>>,
) -> Option<Chapter> {
    let sections = sections.into_iter().flatten();
    let sections: Vec<Section> = sections
        .filter(|section| !section.blocks.is_empty())
        .collect();
    (!sections.is_empty()).then_some(Chapter {
        id,
        title,
        sections,
    })
}

fn title(arms: &Arms) -> String {
    let names: Vec<&str> = arms.names().collect();
    match names.split_first() {
        None => "Nothing recorded".into(),
        Some((only, [])) => only.to_string(),
        Some((first, others)) => format!("{first} against {}", others.join(", ")),
    }
}
