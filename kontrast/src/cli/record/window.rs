//! The two ends of the window: the load that runs between them, and the work that is counted.

use super::{Probes, Record};
use crate::monitoring::Monitoring;
use crate::outcome::WrongUsage;
use crate::suspended_command::SuspendedCommand;
use crate::work::{self, Load, Sampler, Source, Spec};
use anyhow::Result;
use profiler::record::Observed;
use recording::Recording;
use std::path::Path;

impl Record {
    /// Rejects a unit of work that these options cannot count.
    pub(super) fn check_work(&self) -> Result<()> {
        let Some(spec) = &self.work else {
            return Ok(());
        };
        match &spec.source {
            Source::Load if self.load_command.is_none() && !self.until_stdin_closes => {
                Err(WrongUsage::error(format!(
                    "--work {spec}: there is no load that counts; add --load-command CMD"
                )))
            }
            Source::Kernel(_) | Source::Syscall(_) if self.probes != Probes::All => Err(
                WrongUsage::error(format!("--work {spec}: only --probes all counts it")),
            ),
            _ => Ok(()),
        }
    }

    /// Returns the reader of the counter outside of the kernel, if there is one.
    pub(super) fn sampler(&self) -> Result<Option<Sampler>> {
        let source = self.work.as_ref().map(|spec| &spec.source);
        match source {
            Some(Source::Counter(counter)) => {
                let may_be_missing = !self.command.is_empty();
                Ok(Some(Sampler::prepare(counter.clone(), may_be_missing)?))
            }
            _ => Ok(None),
        }
    }
}

/// The two ends of the window, for the command, the load and the counter of work.
pub(super) struct Window<'a> {
    record: &'a Record,
    out: &'a Path,
    command: Option<&'a SuspendedCommand>,
    load: Option<Load>,
    sampler: Option<Sampler>,
    monitoring: Option<Monitoring>,
}

impl Observed for Window<'_> {
    fn opened(&mut self) {
        if let Some(sampler) = &mut self.sampler {
            sampler.start();
        }
        self.record.attached(self.out, self.command);
        let line = self.record.load_command.as_ref();
        self.load = line.map(|line| Load::start(line, self.out));
    }

    fn is_over(&mut self) -> bool {
        self.load.as_mut().is_some_and(Load::has_ended)
    }

    fn watches(&self) -> bool {
        self.monitoring.is_some()
    }

    fn snapshot(&mut self, counts: Recording) {
        if let Some(monitoring) = &mut self.monitoring {
            monitoring.add(counts);
        }
    }

    fn closing(&mut self) {
        if let Some(load) = &mut self.load {
            load.stop();
        }
        if let Some(sampler) = &mut self.sampler {
            sampler.stop();
        }
    }
}

impl<'a> Window<'a> {
    pub(super) fn new(
        record: &'a Record,
        out: &'a Path,
        command: Option<&'a SuspendedCommand>,
        (sampler, monitoring): (Option<Sampler>, Option<Monitoring>),
    ) -> Self {
        Window {
            record,
            out,
            command,
            load: None,
            sampler,
            monitoring,
        }
    }

    /// Adds the work of the window, by the user's counter, the load or the kernel.
    pub(super) fn add_work(self, recording: &mut Recording) {
        if let Some(monitoring) = self.monitoring {
            monitoring.end();
        }
        let counted = self.sampler.map(|sampler| sampler.count(recording));
        let of_load = self.load.map(Load::finish);
        match (&self.record.work, of_load) {
            (Some(Spec { source, .. }), _) if *source != Source::Load => {
                work::set(recording, self.record.work.as_ref(), counted);
            }
            (spec, Some(of_load)) => work::set_of_load(recording, spec.as_ref(), of_load),
            (spec, None) => work::set(recording, spec.as_ref(), None),
        }
    }
}
