//! Recordings grouped into arms, and sums over an arm's rounds.
//!
//! Totals are sums over rounds; rates divide a sum by a sum, so that a longer round weighs more.
//! Estimates (intervals, verdicts, ledger rows) come from the comparison.

use crate::{Input, clean::clean};
use recording::comparison::{self, LedgerRow};
use recording::process::Thread;
use recording::vocabulary::{MetricId, Per, Role};
use recording::work::common_unit;
use recording::{Histogram, Recording};
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
    /// The arm in the comparison; absent where the comparison leaves all its recordings out.
    pub compared: Option<&'a comparison::Arm>,
    per: Per,
}

/// All arms, in the comparison's order.
#[derive(Debug)]
pub struct Arms<'a> {
    /// The arms.
    pub list: Vec<Arm<'a>>,
    /// A token, request, unit of work, start or second: the denominator of rates, the same for all
    /// arms.
    pub per: Per,
}

impl<'a> Arms<'a> {
    /// Groups the input's recordings by arm.
    pub fn of(input: &Input<'a>) -> Self {
        let shown: Vec<&Recording> = shown(input).collect();
        let work = input.comparison.work.as_ref();
        let per = work.map_or_else(|| common_unit(shown.iter().copied()), |work| work.per);
        let compared = input.comparison.arms.iter();
        let names = compared.clone().map(|arm| arm.arm.as_str());
        let recorded = shown.iter().map(|recording| recording.target.arm.as_str());
        let mut list: Vec<Arm> = Vec::new();
        for key in names.chain(recorded) {
            if list.iter().any(|arm| arm.key == key) {
                continue;
            }
            let rounds = shown.iter().copied();
            list.push(Arm {
                name: clean(key),
                key,
                rounds: rounds.filter(|round| round.target.arm == key).collect(),
                compared: compared.clone().find(|arm| arm.arm == key),
                per,
            });
        }
        Arms { list, per }
    }

    /// Returns the arms' names, safe to show.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|arm| arm.name.as_str())
    }

    /// Returns a value of each arm.
    pub fn each<T>(&self, value: impl FnMut(&Arm<'a>) -> T) -> Vec<T> {
        self.list.iter().map(value).collect()
    }

    /// Returns an arm's position in the list, which decides its colour.
    pub fn position(&self, key: &str) -> usize {
        let found = self.list.iter().position(|arm| arm.key == key);
        found.unwrap_or_default()
    }

    /// Returns every recording.
    pub fn recordings(&self) -> impl Iterator<Item = &'a Recording> {
        self.list.iter().flat_map(|arm| arm.rounds.iter().copied())
    }

    /// Returns every recording with its place: `bun, round 2`.
    pub fn rounds(&self) -> impl Iterator<Item = (String, &'a Recording)> {
        let of = |arm: &Arm<'a>| {
            let name = arm.name.clone();
            let rounds = arm.rounds.iter().enumerate();
            rounds
                .map(|(at, round)| (format!("{name}, round {}", at + 1), *round))
                .collect::<Vec<_>>()
        };
        self.each(of).into_iter().flatten()
    }

    /// Returns the metric that holds CPU time by what rates are per.
    pub fn cpu_metric(&self) -> MetricId {
        match self.per {
            Per::Token => MetricId::CpuNsPerToken,
            Per::Work(_) => MetricId::CpuNsPerWork,
            Per::Request => MetricId::CpuNsPerRequest,
            Per::Start => MetricId::StartCpuNs,
            _ => MetricId::CpuNsPerSecond,
        }
    }
}

impl<'a> Arm<'a> {
    /// Returns a sum over rounds.
    pub fn sum(&self, value: impl Fn(&Recording) -> u64) -> f64 {
        self.rounds.iter().map(|round| value(round) as f64).sum()
    }

    /// Returns a sum over rounds, per unit.
    pub fn rate(&self, value: impl Fn(&Recording) -> u64) -> f64 {
        self.sum(value) / self.divisor()
    }

    /// Returns the mean over rounds.
    pub fn mean(&self, value: impl Fn(&Recording) -> u64) -> f64 {
        self.sum(value) / self.rounds.len() as f64
    }

    /// Returns the units of all rounds.
    pub fn divisor(&self) -> f64 {
        let rounds = self.rounds.iter();
        rounds.map(|round| round.units(self.per)).sum()
    }

    /// Returns a distribution of all rounds together; empty if it was not recorded.
    pub fn latency(&self, name: &str) -> Histogram {
        let rounds = self.rounds.iter();
        let each = rounds.filter_map(|round| round.latency.get(name));
        each.fold(Histogram::default(), |sum, next| sum.merged(next))
    }

    /// Returns the threads of all rounds by role.
    pub fn roles(&self) -> BTreeMap<Role, Vec<&'a Thread>> {
        let mut roles: BTreeMap<Role, Vec<&'a Thread>> = BTreeMap::new();
        for thread in self.rounds.iter().flat_map(|round| &round.threads) {
            roles.entry(thread.role.clone()).or_default().push(thread);
        }
        roles
    }

    /// Returns the rows of the arm's own ledger of a metric.
    pub fn ledger(&self, metric: MetricId) -> &'a [LedgerRow] {
        rows(self.compared.map(|arm| &arm.ledger), metric)
    }

    /// Returns the same rows added up by cause.
    pub fn by_cause(&self, metric: MetricId) -> &'a [LedgerRow] {
        rows(self.compared.map(|arm| &arm.by_cause), metric)
    }
}

fn rows(ledgers: Option<&BTreeMap<MetricId, Vec<LedgerRow>>>, metric: MetricId) -> &[LedgerRow] {
    let found = ledgers.and_then(|ledgers| ledgers.get(&metric));
    found.map_or(&[], Vec::as_slice)
}

/// Returns the recordings that are shown: the rounds of compared arms, and those of arms that are
/// not compared. Other recordings of a compared arm measure the observer's cost, or are
/// instrumented.
fn shown<'a>(input: &Input<'a>) -> impl Iterator<Item = &'a Recording> {
    let arms = &input.comparison.arms;
    let is_round = |path: &String, recording: &Recording| {
        let arm = arms.iter().find(|arm| arm.arm == recording.target.arm);
        arm.is_none_or(|arm| arm.recordings.contains(path))
    };
    let recordings = input.recordings.iter();
    recordings
        .filter(move |(path, recording)| is_round(path, recording))
        .map(|(_, recording)| recording)
}

/// Returns the keys of all arms together, those with the largest total first.
pub fn ranked<Key: Ord + Clone>(each: &[BTreeMap<Key, f64>]) -> Vec<Key> {
    let mut sums: BTreeMap<&Key, f64> = BTreeMap::new();
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
    use recording::Comparison;

    fn round(arm: &str, tokens: u64, switches: u64) -> (String, Recording) {
        let mut recording = Recording::default();
        recording.target.arm = arm.into();
        recording.process.voluntary_switches = switches;
        recording.load = (tokens > 0).then(|| recording::LoadSummary {
            tokens,
            ..Default::default()
        });
        recording.window.duration_ns = 2_000_000_000;
        (format!("{arm}/{tokens}"), recording)
    }

    #[test]
    fn weighs_rounds_by_their_tokens() {
        let recordings = [
            round("go", 100, 100),
            round("bun", 50, 10),
            round("go", 300, 900),
        ];
        let comparison = Comparison::default();
        let arms = Arms::of(&Input {
            comparison: &comparison,
            recordings: &recordings,
        });
        assert_eq!(arms.names().collect::<Vec<_>>(), ["go", "bun"]);
        let switches = arms.list[0].rate(|round| round.process.voluntary_switches);
        assert_eq!((arms.per, switches), (Per::Token, 2.5));
    }

    #[test]
    fn leaves_out_recordings_that_are_no_rounds_of_their_arm() {
        let recordings = [round("go", 100, 100), round("go", 50, 10)];
        let comparison = Comparison {
            arms: vec![comparison::Arm {
                arm: "go".into(),
                rounds: 1,
                recordings: vec!["go/100".into()],
                ..Default::default()
            }],
            ..Default::default()
        };
        let arms = Arms::of(&Input {
            comparison: &comparison,
            recordings: &recordings,
        });
        assert_eq!(arms.names().collect::<Vec<_>>(), ["go"]);
        assert_eq!(arms.recordings().count(), 1);
    }

    #[test]
    fn divides_by_seconds_where_an_arm_has_no_load() {
        let recordings = [round("go", 0, 100), round("bun", 50, 10)];
        let comparison = Comparison::default();
        let arms = Arms::of(&Input {
            comparison: &comparison,
            recordings: &recordings,
        });
        let switches = arms.list[0].rate(|round| round.process.voluntary_switches);
        assert_eq!((arms.per, switches), (Per::Second, 50.0));
    }

    #[test]
    fn ranks_keys_by_their_total() {
        let one = BTreeMap::from([("a", 1.0), ("b", 2.0)]);
        let two = BTreeMap::from([("a", 5.0)]);
        assert_eq!(ranked(&[one, two]), ["a", "b"]);
    }
}
