//! Options of `kontrast run` that depend on each other.

use super::Run;
use crate::cli::record::Switch;
use crate::cli::scenario::Scenario;
use crate::outcome::WrongUsage;
use crate::work::Source;
use runner::workload::Workload;

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
            ("--traced-round", self.traced_round == Some(Switch::On)),
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

    /// Whether a traced round was asked for, or is usual: the load is steady, and no measured round
    /// keeps single tokens.
    pub(super) fn has_traced_round(&self) -> bool {
        let usual = self.scenario == Scenario::Baseline
            && self.load_command.is_none()
            && self.slow.is_none()
            && self.workload != Workload::ColdStart;
        let asked = self.traced_round.map(|switch| switch == Switch::On);
        asked.unwrap_or(usual)
    }
}
