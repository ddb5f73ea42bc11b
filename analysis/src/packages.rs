//! User code by package.
//!
//! [`attribution`] splits the ledger's rows of user code over call stacks; each stack has one
//! [`owner`]. So packages, runtimes and libraries together are the arm's user code, to the last
//! bit. Where only an instrumented round has symbols of compiled code, its shares split the code
//! that has no package in the measured rounds ([`instrumented`]).

mod folded;
mod instrumented;
mod owner;
mod pairs;
mod sums;

use crate::arms::Rounds;
use crate::attribution::{self, StackRow};
use crate::grid::Grid;
use crate::metrics;
use crate::pairs::Measured;
use owner::Owners;
use recording::comparison::{Arm, PackageCosts, PackagePair};
use recording::evidence::Part;
use recording::vocabulary::Per;
use recording::{Evidence, Recording};
use sums::Sums;

/// Packages of an arm or a pair that are listed; smaller ones are added up.
const MOST: usize = 30;

/// An arm with what each owner costs.
struct Costs<'a> {
    name: &'a str,
    /// Place among all arms.
    place: usize,
    grid: Grid,
    /// Denominator of each round.
    over: Vec<f64>,
    sums: Sums,
    instrumented_samples: u64,
    evidence: Vec<Evidence>,
}

/// A round with its ledger rows.
struct Round<'a> {
    recording: &'a Recording,
    owners: Owners<'a>,
    rows: Vec<StackRow>,
}

impl<'a> Round<'a> {
    fn of(recording: &'a Recording) -> Self {
        Round {
            recording,
            owners: Owners::of(recording),
            rows: attribution::stack_rows(recording),
        }
    }
}

/// Adds the packages of each arm to `described`, and returns those of each pair. Both are empty
/// where no arm has a package. `recordings` has the instrumented rounds as well.
pub fn measure(
    described: &mut [Arm],
    arms: &[Rounds<'_>],
    (measured, unit): (&[Measured<'_>], Per),
    recordings: &[(String, Recording)],
) -> Vec<PackagePair> {
    let id = metrics::cpu_time_per(unit);
    let Some(metric) = measured.iter().find(|metric| metric.id() == id) else {
        return Vec::new();
    };
    let costs = metric.places().filter_map(|place| {
        let arm = arms.get(place)?;
        of_arm(arm, place, (metric, unit), recordings)
    });
    let costs: Vec<Costs<'_>> = costs.collect();
    if !costs.iter().any(Costs::has_packages) {
        return Vec::new();
    }
    for costs in &costs {
        if let Some(arm) = described.get_mut(costs.place) {
            arm.packages = Some(costs.describe((metric, unit)));
        }
    }
    pairs::of(&costs)
}

/// Returns the package of each frame of a recording that has one.
pub(crate) fn of_frames(recording: &Recording) -> Vec<Option<String>> {
    Owners::of(recording).names()
}

/// Returns whether some frame has a package.
pub(crate) fn has_packages(recording: &Recording) -> bool {
    of_frames(recording).iter().any(Option::is_some)
}

/// Returns the costs of an arm; `None` where a round has no call stacks.
fn of_arm<'a>(
    arm: &Rounds<'a>,
    place: usize,
    (metric, unit): (&Measured<'_>, Per),
    recordings: &[(String, Recording)],
) -> Option<Costs<'a>> {
    let definition = metrics::of(metric.id());
    let mut over = Vec::new();
    let mut rounds = Vec::new();
    let mut evidence = Vec::new();
    for (path, recording) in &arm.rounds {
        let Some(sample) = definition.sample(recording, unit) else {
            continue;
        };
        if recording.stacks.samples == 0 {
            return None;
        }
        over.push(sample.over);
        rounds.push(Round::of(recording));
        evidence.push(Evidence::part(path, Part::Stacks));
    }
    let mut sums = Sums::of(&rounds, |key| metric.row_value(place, key));
    let mut instrumented_samples = 0;
    if !rounds
        .iter()
        .any(|round| round.owners.knows_compiled_code())
    {
        let of_arm = recordings.iter().filter(|(_, recording)| {
            recording.instrumented.is_some() && recording.target.arm == arm.arm
        });
        let shares = instrumented::Shares::of(of_arm.clone().map(|(_, recording)| recording));
        instrumented_samples = sums.apply(&shares);
        if instrumented_samples > 0 {
            evidence.extend(of_arm.map(|(path, _)| Evidence::part(path, Part::Stacks)));
        }
    }
    Some(Costs {
        name: arm.arm,
        place,
        grid: metric.grid(),
        over,
        sums,
        instrumented_samples,
        evidence,
    })
}

impl Costs<'_> {
    fn has_packages(&self) -> bool {
        let mut owners = self.sums.by_owner().into_keys();
        owners.any(|owner| owner.is_package())
    }

    fn describe(&self, (metric, unit): (&Measured<'_>, Per)) -> PackageCosts {
        let user = self.sums.value();
        let rows = folded::folded(self.sums.by_owner(), |sum| sum.value, MOST);
        let rows = rows
            .into_iter()
            .map(|(owner, sum)| sum.row(owner, (&self.over, self.grid, user)));
        PackageCosts {
            metric: metric.id(),
            per: unit,
            user: self.grid.float(user),
            samples: self.sums.samples(),
            instrumented_samples: self.instrumented_samples,
            rows: rows.collect(),
            evidence: self.evidence.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
