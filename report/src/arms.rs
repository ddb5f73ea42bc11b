//! Recordings grouped into arms, and sums over an arm's rounds.
//!
//! Totals are Σ over rounds; rates are Σ / Σ, so that a longer round weighs more. Everything that needs statistics
//! (intervals, verdicts, terms) comes from the comparison and is never computed here.

use crate::{Input, clean::clean};
use recording::{Histogram, Recording, process::Thread};
use std::collections::BTreeMap;

/// One arm with its rounds.
#[derive(Debug)]
pub struct Arm<'a> {
    /// Name, safe to show.
    pub name: String,
    /// Name as recorded.
    pub key: &'a str,
    /// Its recordings, in the order given.
    pub rounds: Vec<&'a Recording>,
    per: Per,
}

/// What rates are per.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// A content token of the load.
    Token,
    /// A start of the server, where starts were recorded.
    Start,
    /// A second of the window, where there was neither.
    Second,
}

impl Per {
    /// The word after the slash.
    pub fn word(self) -> &'static str {
        match self {
            Per::Token => "token",
            Per::Start => "start",
            Per::Second => "s",
        }
    }
}

/// All arms, in the comparison's order.
#[derive(Debug)]
pub struct Arms<'a> {
    /// The arms.
    pub list: Vec<Arm<'a>>,
    /// What rates are per, the same for all of them.
    pub per: Per,
}

impl<'a> Arms<'a> {
    /// Groups the input's recordings by arm.
    pub fn of(input: &Input<'a>) -> Self {
        let shown: Vec<&Recording> = shown(input).collect();
        let loaded: fn(&&Recording) -> bool = |recording| recording.tokens() > 0;
        let all = |held: fn(&&Recording) -> bool| !shown.is_empty() && shown.iter().all(held);
        let per = match () {
            () if all(loaded) => Per::Token,
            () if all(|recording| !recording.starts.is_empty()) => Per::Start,
            () => Per::Second,
        };
        let declared = input
            .comparison
            .into_iter()
            .flat_map(|comparison| &comparison.arms);
        let recorded = shown.iter().map(|recording| recording.target.arm.as_str());
        let mut list: Vec<Arm> = Vec::new();
        for key in declared.map(|arm| arm.arm.as_str()).chain(recorded) {
            if !list.iter().any(|arm| arm.key == key) {
                let rounds = shown.iter().copied();
                let rounds = rounds
                    .filter(|recording| recording.target.arm == key)
                    .collect();
                list.push(Arm {
                    name: clean(key),
                    key,
                    rounds,
                    per,
                });
            }
        }
        Arms { list, per }
    }

    /// Names, safe to show.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|arm| arm.name.as_str())
    }

    /// A value of each arm.
    pub fn each<T>(&self, value: impl FnMut(&Arm<'a>) -> T) -> Vec<T> {
        self.list.iter().map(value).collect()
    }

    /// Where an arm stands in the list; decides its colour.
    pub fn position(&self, key: &str) -> usize {
        self.list
            .iter()
            .position(|arm| arm.key == key)
            .unwrap_or_default()
    }

    /// Every recording.
    pub fn recordings(&self) -> impl Iterator<Item = &'a Recording> {
        self.list.iter().flat_map(|arm| arm.rounds.iter().copied())
    }
}

impl<'a> Arm<'a> {
    /// Σ over rounds.
    pub fn sum(&self, value: impl Fn(&Recording) -> u64) -> f64 {
        self.rounds.iter().map(|round| value(round) as f64).sum()
    }

    /// Σ over rounds, per token or second.
    pub fn rate(&self, value: impl Fn(&Recording) -> u64) -> f64 {
        self.sum(value) / self.divisor()
    }

    /// Mean over rounds.
    pub fn mean(&self, value: impl Fn(&Recording) -> u64) -> f64 {
        self.sum(value) / self.rounds.len() as f64
    }

    /// Tokens, starts or seconds of all rounds; what sums are divided by.
    pub fn divisor(&self) -> f64 {
        match self.per {
            Per::Token => self.sum(Recording::tokens),
            Per::Start => self.sum(|round| round.starts.len() as u64),
            Per::Second => self.sum(|round| round.window.duration_ns) / 1e9,
        }
    }

    /// A distribution, all rounds together; empty if it was not recorded.
    pub fn latency(&self, name: &str) -> Histogram {
        let rounds = self
            .rounds
            .iter()
            .filter_map(|round| round.latency.get(name));
        rounds.fold(Histogram::default(), |sum, next| sum.merged(next))
    }

    /// Threads by role, all rounds together.
    pub fn roles(&self) -> BTreeMap<String, Vec<&'a Thread>> {
        let mut roles: BTreeMap<String, Vec<&'a Thread>> = BTreeMap::new();
        for thread in self.rounds.iter().flat_map(|round| &round.threads) {
            roles.entry(clean(&thread.role)).or_default().push(thread);
        }
        roles
    }
}

/// The recordings that are shown: of an arm that is compared, its rounds. Others only tell what observing cost.
fn shown<'a>(input: &Input<'a>) -> impl Iterator<Item = &'a Recording> {
    let arms = input
        .comparison
        .into_iter()
        .flat_map(|comparison| &comparison.arms);
    let left_out = move |path: &String, recording: &Recording| {
        let mut arms = arms.clone();
        arms.any(|arm| arm.arm == recording.target.arm && !arm.recordings.contains(path))
    };
    let recordings = input.recordings.iter();
    recordings
        .filter(move |(path, recording)| !left_out(path, recording))
        .map(|(_, recording)| recording)
}

/// The keys of all arms together, those with the largest total first.
pub fn ranked(each: &[BTreeMap<String, f64>]) -> Vec<String> {
    let mut sums: BTreeMap<&String, f64> = BTreeMap::new();
    for (key, value) in each.iter().flatten() {
        *sums.entry(key).or_default() += value;
    }
    let mut keys: Vec<_> = sums.into_iter().collect();
    keys.sort_by(|one, other| other.1.total_cmp(&one.1));
    keys.into_iter().map(|(key, _)| key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(arm: &str, tokens: u64, switches: u64) -> (String, Recording) {
        let mut recording = Recording::default();
        recording.target.arm = arm.into();
        recording.process.voluntary_switches = switches;
        recording.load = (tokens > 0).then(|| recording::LoadSummary {
            tokens,
            ..Default::default()
        });
        recording.window.duration_ns = 2_000_000_000;
        (arm.into(), recording)
    }

    #[test]
    fn rounds_are_weighed_by_their_tokens() {
        let recordings = [
            round("go", 100, 100),
            round("bun", 50, 10),
            round("go", 300, 900),
        ];
        let arms = Arms::of(&Input {
            comparison: None,
            recordings: &recordings,
        });
        assert_eq!(arms.names().collect::<Vec<_>>(), ["go", "bun"]);
        assert_eq!(
            arms.list[0].rate(|round| round.process.voluntary_switches),
            2.5
        );
        assert_eq!(arms.per, Per::Token);
    }

    #[test]
    fn rounds_that_are_not_compared_are_not_shown() {
        let recordings = [round("go", 100, 100), round("go", 50, 10)];
        let recordings =
            recordings.map(|(_, recording)| (recording.tokens().to_string(), recording));
        let comparison = recording::Comparison {
            arms: vec![recording::comparison::Arm {
                arm: "go".into(),
                rounds: 1,
                recordings: vec!["100".into()],
            }],
            ..Default::default()
        };
        let arms = Arms::of(&Input {
            comparison: Some(&comparison),
            recordings: &recordings,
        });
        assert_eq!(arms.names().collect::<Vec<_>>(), ["go"]);
        assert_eq!(arms.recordings().count(), 1);
    }

    #[test]
    fn without_load_rates_are_per_second() {
        let recordings = [round("go", 0, 100), round("bun", 50, 10)];
        let arms = Arms::of(&Input {
            comparison: None,
            recordings: &recordings,
        });
        assert_eq!(arms.per, Per::Second);
        assert_eq!(
            arms.list[0].rate(|round| round.process.voluntary_switches),
            50.0
        );
    }

    #[test]
    fn ranked_by_total() {
        let one = BTreeMap::from([("a".to_string(), 1.0), ("b".to_string(), 2.0)]);
        let two = BTreeMap::from([("a".to_string(), 5.0)]);
        assert_eq!(ranked(&[one, two]), ["a", "b"]);
    }
}
