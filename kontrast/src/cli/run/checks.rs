//! Options of `kontrast run` that depend on each other.

use super::Run;
use crate::cli::scenario::Scenario;
use crate::outcome::WrongUsage;
use crate::work::Source;
use runner::workload::Workload;

/// Most traced rounds of an arm.
const MOST_TRACED: u32 = 20;

/// Reads a number of traced rounds; `on` and `off` stand for 1 and 0.
pub(super) fn traced_rounds(text: &str) -> Result<u32, String> {
    let rounds = match text {
        "on" => Some(1),
        "off" => Some(0),
        number => number.parse().ok(),
    };
    let rounds = rounds.filter(|rounds| *rounds <= MOST_TRACED);
    rounds.ok_or_else(|| format!("give a number of rounds up to {MOST_TRACED}, 0 for none"))
}

impl Run {
    /// Rejects a unit of work that the load cannot count.
    pub(super) fn check_work(&self) -> anyhow::Result<()> {
        match &self.work {
            Some(spec) if spec.source == Source::Load && self.load_command.is_none() => {
                Err(WrongUsage::error(format!(
                    "--work {spec}: there is no load command that counts; add --load-command CMD"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Rejects options for servers under load where the workload is their start.
    pub(super) fn check_cold_start(&self) -> anyhow::Result<()> {
        let given = [
            ("--observer-cost", self.observer_cost),
            ("--runtime-symbols", self.runtime_symbols),
            ("--slow", self.slow.is_some()),
            (
                "--traced-rounds",
                self.traced_rounds.is_some_and(|rounds| rounds > 0),
            ),
            ("--work", self.work.is_some()),
        ];
        let cold = self.workload == Workload::ColdStart;
        match given.into_iter().find(|(_, given)| cold && *given) {
            Some((option, _)) => Err(WrongUsage::error(format!(
                "{option} cannot be combined with --workload cold-start: \
                 it needs a server under load"
            ))),
            None => Ok(()),
        }
    }

    /// Returns how many traced rounds were asked for, or are usual: one where the load is steady,
    /// and no measured round keeps single tokens.
    pub(super) fn traced_rounds(&self) -> u32 {
        let usual = self.scenario == Scenario::Baseline
            && self.load_command.is_none()
            && self.slow.is_none()
            && self.workload != Workload::ColdStart;
        self.traced_rounds.unwrap_or(usual.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_of_traced_rounds() {
        let read = |text| traced_rounds(text).ok();
        assert_eq!(
            ["0", "3", "20", "on", "off"].map(read),
            [Some(0), Some(3), Some(20), Some(1), Some(0)]
        );
        assert_eq!(["", "-1", "21", "two", "1.5"].map(read), [None; 5]);
    }
}
