//! A thread over time, ready to be asked how long it was in each state within any time.

use super::states::Tracks;
use recording::vocabulary::PathKind;
use std::collections::BTreeMap;

/// A time with the length of all like it before.
#[derive(Debug)]
struct Spell {
    from_ns: u64,
    to_ns: u64,
    /// The part that counts: all of it, but for stolen time.
    counts_ns: u64,
    before_ns: u64,
}

/// A state with its system call.
type State = (PathKind, String);

/// The states of a thread.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Beginning and end of the thread.
    pub(super) life: (u64, u64),
    states: BTreeMap<State, Vec<Spell>>,
    stolen: Vec<Spell>,
}

impl Tracks<'_> {
    /// Returns the states of a thread in its life; `None` without any event.
    pub(super) fn lane(&self, tid: u32, life: (u64, u64)) -> Option<Lane> {
        let stolen = self.stolen(tid)?;
        let mut lane = Lane {
            life,
            ..Lane::default()
        };
        for span in self.spans(tid, life) {
            let spells = lane.states.entry((span.kind, span.syscall)).or_default();
            let (from, to) = (life.0 + span.from_ns, life.0 + span.to_ns);
            push(spells, (from, to), to - from);
        }
        for (from, to, ns) in stolen {
            push(&mut lane.stolen, (*from, *to), *ns);
        }
        Some(lane)
    }
}

impl Lane {
    /// Returns each sleep within a time, with its system call.
    pub(super) fn sleeps(
        &self,
        (from, to): (u64, u64),
    ) -> impl Iterator<Item = (&str, (u64, u64))> {
        let states = self.states.iter();
        let asleep = states.filter(|((kind, _), _)| *kind == PathKind::Asleep);
        asleep.flat_map(move |((_, syscall), spells)| {
            let first = spells.partition_point(|spell| spell.to_ns <= from);
            let within = spells[first..].iter();
            let within = within.take_while(move |spell| spell.from_ns < to);
            within.map(move |spell| {
                let time = (spell.from_ns.max(from), spell.to_ns.min(to));
                (syscall.as_str(), time)
            })
        })
    }

    /// Returns how long the thread was in each state within a time. Stolen time is taken out of the
    /// time on a CPU, in the proportion of the stay there that is within.
    pub(super) fn within(&self, time: (u64, u64)) -> Vec<(State, u64)> {
        let states = self.states.iter();
        let lengths = states.map(|(state, spells)| (state.clone(), length(spells, time)));
        let mut lengths: Vec<(State, u64)> = lengths.filter(|(_, ns)| *ns > 0).collect();
        let stolen = length(&self.stolen, time);
        let mut rest = stolen;
        for ((kind, _), ns) in &mut lengths {
            if matches!(kind, PathKind::User | PathKind::Syscall) {
                let part = rest.min(*ns);
                (*ns, rest) = (*ns - part, rest - part);
            }
        }
        if stolen > rest {
            lengths.push(((PathKind::Stolen, String::new()), stolen - rest));
        }
        lengths
    }
}

fn push(spells: &mut Vec<Spell>, (from_ns, to_ns): (u64, u64), counts_ns: u64) {
    let before_ns = spells
        .last()
        .map_or(0, |last| last.before_ns + last.counts_ns);
    spells.push(Spell {
        from_ns,
        to_ns,
        counts_ns,
        before_ns,
    });
}

fn length(spells: &[Spell], (from, to): (u64, u64)) -> u64 {
    up_to(spells, to).saturating_sub(up_to(spells, from))
}

/// Returns the part of spells that counts before an instant.
fn up_to(spells: &[Spell], instant: u64) -> u64 {
    let begun = spells.partition_point(|spell| spell.from_ns < instant);
    let Some(last) = spells[..begun].last() else {
        return 0;
    };
    let whole = last.to_ns.saturating_sub(last.from_ns).max(1);
    let passed = instant.min(last.to_ns) - last.from_ns;
    let part = u128::from(last.counts_ns) * u128::from(passed) / u128::from(whole);
    last.before_ns + u64::try_from(part).unwrap_or(last.counts_ns)
}
