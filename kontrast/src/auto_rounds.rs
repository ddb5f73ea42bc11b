//! A run with `--rounds auto`: asks `analysis` after each round whether it has enough.

use analysis::precision::{Goal, Look, Standing, Watch};
use recording::Recording;
use recording::comparison::{AutoRounds, Metric};
use recording::format;
use report::auto_rounds::sentence;
use report::clean::clean;
use runner::auto::{Finished, Next};

/// A run that chooses its number of rounds, or one that does not.
pub struct AutoRun {
    watch: Option<(Watch, f64)>,
    ended: Option<AutoRounds>,
}

impl AutoRun {
    /// Begins a run; without a goal its number of rounds is fixed.
    pub fn new(goal: Option<Goal>) -> Self {
        let watch = goal.map(|goal| {
            let precision = goal.precision;
            (Watch::new(goal), precision)
        });
        AutoRun { watch, ended: None }
    }

    /// Decides what follows a round of all arms.
    pub fn next(&mut self, finished: &Finished<'_>) -> Next {
        let Some((watch, precision)) = &mut self.watch else {
            return Next {
                say: String::new(),
                go_on: true,
            };
        };
        let rounds = finished.rounds.iter();
        let rounds: Vec<(&str, &Recording)> = rounds
            .map(|round| (round.path.as_str(), &round.recording))
            .collect();
        let look = watch.look(finished.round, finished.elapsed, &rounds);
        let say = say(finished.round, &look, *precision);
        self.ended = look.ended;
        Next {
            say,
            go_on: self.ended.is_none(),
        }
    }

    /// Returns how the run ended, where it ended itself.
    pub fn ended(self) -> Option<AutoRounds> {
        self.ended
    }
}

/// Returns where the run stands, and why it ends if it does.
fn say(round: u32, look: &Look, precision: f64) -> String {
    let rounds = if round == 1 { "round" } else { "rounds" };
    let standing = match &look.widest {
        Some(widest) => standing(widest),
        None => "no metric of all arms yet".into(),
    };
    let next = match (&look.ended, look.more) {
        (Some(ended), _) => sentence(ended),
        (None, Some(0)) => "narrow enough; the next look has to confirm it".into(),
        (None, Some(more)) => format!(
            "about {more} more for ±{}",
            format::percent_tenths(precision)
        ),
        (None, None) => "going on".into(),
    };
    format!("after {round} {rounds}: {standing}; {next}")
}

fn standing(widest: &Standing) -> String {
    let interval = &widest.interval;
    let label = Metric::new(interval.metric).label();
    let reach = match interval.reach {
        Some(reach) => format!("±{}", format::percent_tenths(reach)),
        None => "no interval yet".into(),
    };
    let b = clean(&interval.b);
    match &interval.a {
        Some(a) => {
            let [low, high] = widest.ci95.map(format::ratio);
            let ratio = format::ratio(widest.value);
            let range = match interval.reach {
                Some(_) => format!("{low}–{high}, {reach}"),
                None => reach,
            };
            format!("{label} of {b} is {ratio} of {} ({range})", clean(a))
        }
        None => {
            let value = format::quantity(widest.value, interval.metric.unit());
            format!("{label} of {b} is {value} ({reach})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;
    use std::time::Duration;

    #[test]
    fn reports_where_a_run_stands_and_why_it_ends() {
        let round = |arm: &str, cost: u64| {
            let build = Build::arm(arm).thread(1, recording::testing::MAIN, |it| it.user(cost, 1));
            build.load(1_000, 10).done()
        };
        let goal = Goal {
            precision: 0.05,
            metrics: Vec::new(),
            min_rounds: 1,
            max_rounds: 40,
            max_time: Duration::from_secs(60),
        };
        let mut watch = Watch::new(goal);
        let mut rounds = Vec::new();
        let mut said = Vec::new();
        for number in 1..=6u64 {
            rounds.push(round("go", 1_000_000 + number * 1_000));
            rounds.push(round("bun", 2_000_000));
            let given: Vec<_> = rounds.iter().map(|it| ("", it)).collect();
            let look = watch.look(number as u32, Duration::from_secs(1), &given);
            said.push(say(number as u32, &look, 0.05));
        }
        assert_eq!(
            said[0],
            "after 1 round: CPU time per token of bun is 2.00× of go (no interval yet); going on"
        );
        assert_eq!(
            said[3],
            "after 4 rounds: CPU time per token of bun is 2.00× of go (1.99×–2.00×, ±0.2 %); \
             narrow enough; the next look has to confirm it"
        );
        assert_eq!(
            said[5],
            "after 6 rounds: CPU time per token of bun is 1.99× of go (1.99×–2.00×, ±0.2 %); \
             --rounds auto ended after 6 rounds of each arm: all watched intervals reach at most \
             5.0 % to each side"
        );
    }
}
