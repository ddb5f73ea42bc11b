//! Conditions of one arm that a reader must know of, whatever the difference: they have no row in a ledger.

mod growing_memory;
mod highest_load;
mod nagle_delay;
mod saturated_thread;
mod stolen_time;
mod waiting_for_cpu;

use crate::thresholds::Thresholds;
use crate::{arms::Rounds, causes::About};
use recording::comparison::Finding;
use recording::vocabulary::MetricId;
use recording::{Evidence, Recording};

/// One condition.
pub trait Condition: Sync {
    /// What it is.
    fn about(&self) -> &'static About;
    /// The metric it bears on.
    fn metric(&self) -> MetricId;
    /// What it says of a round, with the pointer it rests on; `None` if it does not hold there. The number says how
    /// bad it is.
    fn check(&self, path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign>;
}

/// What a condition shows in one round.
pub struct Sign {
    /// How bad it is, for choosing the worst round.
    pub size: f64,
    /// What is so, without a full stop.
    pub text: String,
    /// The number that it rests on.
    pub evidence: Evidence,
}

/// Every condition.
pub const CONDITIONS: &[&dyn Condition] = &[
    &highest_load::HighestLoad,
    &saturated_thread::SaturatedThread,
    &waiting_for_cpu::WaitingForCpu,
    &nagle_delay::NagleDelay,
    &stolen_time::StolenTime,
    &growing_memory::GrowingMemory,
];

/// The conditions of all arms; each is told of an arm once, by its worst round.
pub fn find(arms: &[Rounds<'_>], limits: &Thresholds) -> Vec<Finding> {
    let all = arms
        .iter()
        .flat_map(|arm| CONDITIONS.iter().map(move |condition| (arm, condition)));
    all.filter_map(|(arm, condition)| finding(arm, *condition, limits))
        .collect()
}

/// Titles of the conditions of an arm that bear on a metric.
pub fn titles(arm: &Rounds<'_>, metric: MetricId, limits: &Thresholds) -> Vec<&'static str> {
    let of_metric = CONDITIONS
        .iter()
        .filter(|condition| condition.metric() == metric);
    of_metric
        .filter(|condition| finding(arm, **condition, limits).is_some())
        .map(|condition| condition.about().title)
        .collect()
}

fn finding(arm: &Rounds<'_>, condition: &dyn Condition, limits: &Thresholds) -> Option<Finding> {
    let signs = arm
        .rounds
        .iter()
        .filter_map(|(path, round)| Some((path, condition.check(path, round, limits)?)));
    let signs: Vec<_> = signs.collect();
    // What happened in a minority of the rounds is chance.
    if 2 * signs.len() <= arm.rounds.len() {
        return None;
    }
    let worst = signs
        .iter()
        .max_by(|one, other| one.1.size.total_cmp(&other.1.size))?;
    let about = condition.about();
    let (name, rounds, of) = (arm.arm, signs.len(), arm.rounds.len());
    let text = format!(
        "in {rounds} of {of} rounds of {name}; at worst, {}.",
        worst.1.text
    );
    Some(Finding {
        id: about.id.into(),
        metric: condition.metric(),
        pair: None,
        title: about.title.into(),
        text,
        meaning: format!("{}.", about.meaning),
        advice: format!("{}.", about.remedy),
        share: 0.0,
        consequence: false,
        predicted: None,
        evidence: signs
            .iter()
            .map(|(_, sign)| sign.evidence.clone())
            .collect(),
    })
}
