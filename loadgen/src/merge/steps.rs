//! Merges steps: those with the same position, name and request are one.

use super::read;
use crate::measure::StepCounters;
use recording::LoadSummary;
use recording::load::LoadStep;

/// Returns the steps of all parts.
///
/// # Errors
/// As [`super::merge`].
pub fn merge(parts: &[LoadSummary]) -> Result<Vec<LoadStep>, (usize, String)> {
    let mut steps: Vec<(usize, LoadStep, StepCounters)> = Vec::new();
    for (position, part) in parts.iter().enumerate() {
        for (place, step) in part.steps.iter().enumerate() {
            let counted = counted(step).map_err(|reason| (position, reason))?;
            let same =
                |(at, known, _): &&mut (usize, LoadStep, _)| *at == place && is_same(known, step);
            match steps.iter_mut().find(same) {
                Some((.., counters)) => counters.add(&counted),
                None => steps.push((place, step.clone(), counted)),
            }
        }
    }
    let whole = |(_, step, counters): (_, LoadStep, StepCounters)| LoadStep {
        good: counters.good,
        failed: counters.failed,
        ttft: counters.ttft.distribution(),
        total: counters.total.distribution(),
        ..step
    };
    Ok(steps.into_iter().map(whole).collect())
}

fn is_same(one: &LoadStep, other: &LoadStep) -> bool {
    let request = |step: &LoadStep| [&step.name, &step.method, &step.path].map(String::clone);
    request(one) == request(other)
}

fn counted(step: &LoadStep) -> Result<StepCounters, String> {
    Ok(StepCounters {
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
    fn adds_equal_steps_and_keeps_others() {
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
    fn rejects_a_step_without_its_histogram() {
        let mut two = summary();
        two.steps[0].total.hdr = None;
        let (position, reason) = merge(&[summary(), two]).unwrap_err();
        assert_eq!(position, 1);
        assert!(reason.contains("step's total"), "{reason}");
    }
}
