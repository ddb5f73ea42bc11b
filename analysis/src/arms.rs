//! Recordings sorted into arms and rounds.

use recording::Recording;

/// One arm with its rounds, in the order they were given.
pub struct Rounds<'a> {
    /// Name of the arm.
    pub arm: &'a str,
    /// Path and recording of each round.
    pub rounds: Vec<(&'a str, &'a Recording)>,
    /// Its traced rounds, which alone may have single tokens, and waits with their stacks. They
    /// cost CPU time that no other round does, so that no metric has them.
    pub traced: Vec<(&'a str, &'a Recording)>,
}

impl<'a> Rounds<'a> {
    /// Returns the rounds that recorded waits: those that are compared, else traced ones.
    pub fn with_waits(&self) -> Vec<(&'a str, &'a Recording)> {
        let having = |rounds: &[(&'a str, &'a Recording)]| -> Vec<(&'a str, &'a Recording)> {
            let having = rounds.iter().filter(|(_, round)| !round.waits.is_empty());
            having.copied().collect()
        };
        let compared = having(&self.rounds);
        match compared.is_empty() {
            true => having(&self.traced),
            false => compared,
        }
    }
}

/// Groups recordings by arm, arms in order of first appearance. Traced rounds stand apart, and
/// instrumented ones are left out, because they cost CPU time that no other round does (see
/// [`crate::instrumented`]).
pub fn group(recordings: &[(String, Recording)]) -> Vec<Rounds<'_>> {
    let rounds = recordings.iter();
    group_borrowed(rounds.map(|(path, recording)| (path.as_str(), recording)))
}

/// Groups recordings as [`group`] does, each given with its path.
pub fn group_borrowed<'a>(
    recordings: impl Iterator<Item = (&'a str, &'a Recording)>,
) -> Vec<Rounds<'a>> {
    let mut arms: Vec<Rounds<'a>> = Vec::new();
    let mut traced = Vec::new();
    for round in recordings {
        let (_, recording) = round;
        if recording.traced {
            traced.push(round);
        }
        if !recording.is_measured() {
            continue;
        }
        match arms.iter_mut().find(|arm| arm.arm == recording.target.arm) {
            Some(arm) => arm.rounds.push(round),
            None => arms.push(Rounds {
                arm: &recording.target.arm,
                rounds: vec![round],
                traced: Vec::new(),
            }),
        }
    }
    for round in traced {
        let mut arms = arms.iter_mut();
        if let Some(arm) = arms.find(|arm| arm.arm == round.1.target.arm) {
            arm.traced.push(round);
        }
    }
    arms
}

/// Returns the arms with their traced rounds among the others, for tokens and waits.
pub fn with_traced<'a>(arms: &[Rounds<'a>]) -> Vec<Rounds<'a>> {
    let with = |arm: &Rounds<'a>| Rounds {
        arm: arm.arm,
        rounds: arm.rounds.iter().chain(&arm.traced).copied().collect(),
        traced: Vec::new(),
    };
    arms.iter().map(with).collect()
}

/// Returns the rounds of each arm that had most probes attached. They are compared; other rounds
/// only measure the cost of observing.
pub fn compared<'a>(arms: &[Rounds<'a>]) -> Vec<Rounds<'a>> {
    arms.iter().map(most_observed).collect()
}

fn most_observed<'a>(arm: &Rounds<'a>) -> Rounds<'a> {
    let mode = |round: &(&str, &Recording)| round.1.observer.mode;
    let most = arm.rounds.iter().map(mode).max();
    let rounds = arm.rounds.iter().filter(|round| Some(mode(round)) == most);
    Rounds {
        arm: arm.arm,
        rounds: rounds.copied().collect(),
        traced: arm.traced.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::observer::Mode;
    use recording::testing::Build;

    #[test]
    fn compares_the_rounds_with_most_probes() {
        let round = |path: &str, arm: &str, mode| {
            let build = Build::arm(arm).with(|recording| recording.observer.mode = mode);
            (path.to_string(), build.done())
        };
        let recordings = [
            round("1", "go", Mode::None),
            round("2", "go", Mode::All),
            round("3", "bun", Mode::Counters),
            round("4", "bun", Mode::None),
        ];
        let arms = compared(&group(&recordings));
        let paths = |arm: &Rounds<'_>| arm.rounds.iter().map(|round| round.0).collect::<String>();
        assert_eq!((paths(&arms[0]), paths(&arms[1])), ("2".into(), "3".into()));
    }

    #[test]
    fn adds_traced_rounds_for_tokens_and_waits_only() {
        let round = |path: &str, arm: &str, traced| {
            let build = Build::arm(arm).with(|recording| recording.traced = traced);
            (path.to_string(), build.done())
        };
        let recordings = [
            round("1", "go", false),
            round("2", "go", true),
            round("3", "bun", false),
        ];
        let arms = compared(&group(&recordings));
        let paths = |arm: &Rounds<'_>| arm.rounds.iter().map(|round| round.0).collect::<String>();
        assert_eq!((paths(&arms[0]), paths(&arms[1])), ("1".into(), "3".into()));
        let all = with_traced(&arms);
        assert_eq!((paths(&all[0]), paths(&all[1])), ("12".into(), "3".into()));
    }

    #[test]
    fn keeps_the_order_of_rounds() {
        let recordings: Vec<_> = [("1", "go"), ("2", "bun"), ("3", "bun"), ("4", "go")]
            .map(|(path, arm)| (path.to_string(), Build::arm(arm).done()))
            .into();
        let arms = group(&recordings);
        let paths = |arm: &Rounds<'_>| arm.rounds.iter().map(|round| round.0).collect::<String>();
        assert_eq!((arms[0].arm, paths(&arms[0])), ("go", "14".into()));
        assert_eq!((arms[1].arm, paths(&arms[1])), ("bun", "23".into()));
    }
}
