//! Joins the steps: those with the same place, name and request are one.

use super::read;
use crate::measure::StepTally;
use recording::LoadSummary;
use recording::load::LoadStep;

/// The steps of all parts.
///
/// # Errors
/// As [`super::merge`].
pub fn merge(parts: &[LoadSummary]) -> Result<Vec<LoadStep>, (usize, String)> {
    let mut steps: Vec<(usize, LoadStep, StepTally)> = Vec::new();
    for (position, part) in parts.iter().enumerate() {
        for (place, step) in part.steps.iter().enumerate() {
            let counted = counted(step).map_err(|reason| (position, reason))?;
            let same =
                |(at, known, _): &&mut (usize, LoadStep, _)| *at == place && is_same(known, step);
            match steps.iter_mut().find(same) {
                Some((.., tally)) => tally.add(&counted),
                None => steps.push((place, step.clone(), counted)),
            }
        }
    }
    let whole = |(_, step, tally): (_, LoadStep, StepTally)| LoadStep {
        good: tally.good,
        failed: tally.failed,
        ttft: tally.ttft.distribution(),
        total: tally.total.distribution(),
        ..step
    };
    Ok(steps.into_iter().map(whole).collect())
}

fn is_same(one: &LoadStep, other: &LoadStep) -> bool {
    let request = |step: &LoadStep| [&step.name, &step.method, &step.path].map(String::clone);
    request(one) == request(other)
}

fn counted(step: &LoadStep) -> Result<StepTally, String> {
    Ok(StepTally {
        good: step.good,
        failed: step.failed,
        ttft: read("step's ttft", &step.ttft)?,
        total: read("step's total", &step.total)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::summary;

    #[test]
    fn the_same_steps_add_up_and_others_stay_apart() {
        let (one, mut two) = (summary(), summary());
        two.steps[1].name = "write".into();
        let whole = merge(&[one.clone(), two]).unwrap();
        let counts: Vec<_> = whole
            .iter()
            .map(|step| (step.name.as_str(), step.good, step.failed, step.total.count))
            .collect();
        assert_eq!(
            counts,
            [
                ("create", 20, 0, 20),
                ("read", 9, 1, 10),
                ("write", 9, 1, 10)
            ]
        );
        assert_eq!(merge(std::slice::from_ref(&one)).unwrap(), one.steps);
    }

    #[test]
    fn a_step_without_its_histogram_is_refused() {
        let mut two = summary();
        two.steps[0].total.hdr = None;
        let (position, reason) = merge(&[summary(), two]).unwrap_err();
        assert_eq!(position, 1);
        assert!(reason.contains("step's total"), "{reason}");
    }
}
