//! The load of a round: warm-up, search, and the load that is recorded.

use super::Bench;
use crate::{
    highest::{self, Highest},
    interrupt::Interrupted,
    load::Driver,
    load_output::LoadCount,
    plan::{Purpose, Step, TRACED},
    recorder::Recorder,
    target::Running,
};
use anyhow::{Context, anyhow};
use recording::{LoadSummary, observer::Mode};
use std::{path::Path, time::Duration};

/// Result of the load of a round.
pub(super) struct Drive {
    pub summary: Option<LoadSummary>,
    /// Count in the output of a command of the user's.
    pub count: Option<LoadCount>,
    /// Whether a threshold was crossed, or why the load ended early.
    pub ended: anyhow::Result<bool>,
}

impl Bench<'_> {
    /// Warms the target up, and finds the load to be recorded if it is not known yet.
    pub(super) async fn prepare(&self, driver: &Driver<'_>) -> anyhow::Result<Option<Highest>> {
        if highest::is_sought(driver.load) {
            self.progress.step(&highest::step(self.request.duration));
            return highest::find(driver, self.request.duration, self.interrupt).await;
        }
        if !self.request.warmup.is_zero() {
            self.progress.step("warming up");
            let warm_up = driver.warm_up(self.request.warmup);
            self.interrupt
                .unless(warm_up)
                .await?
                .context("warming up failed (--warmup says for how long)")?;
        }
        Ok(None)
    }

    pub(super) fn driver<'a>(&'a self, target: &Running, dir: &'a Path) -> Driver<'a> {
        Driver {
            load: &self.request.load,
            sent: &self.play.sent,
            thresholds: &self.request.thresholds,
            loadgen: self.loadgen,
            url: target.endpoint(self.request.workload.path()),
            cpus: self.placement.driver.as_ref(),
            dir,
        }
    }

    /// Returns the length of the load. A round that alternates four modes takes four times as long.
    pub(super) fn length(&self, step: Step) -> Option<Duration> {
        let times = match step.mode {
            Mode::Overhead => Mode::ALTERNATING.len() as u32,
            _ => 1,
        };
        let length = |duration: Duration| match step.purpose {
            Purpose::Traced => duration.min(TRACED),
            _ => duration * times,
        };
        self.request.duration.map(length)
    }

    /// Loads the arm until the load or the recorder ends, or the user interrupts it.
    pub(super) async fn drive(
        &self,
        driver: &Driver<'_>,
        length: Option<Duration>,
        recorder: &mut Recorder,
    ) -> Drive {
        let mut loading = match driver.start(length) {
            Ok(loading) => loading,
            Err(error) => {
                return Drive {
                    summary: None,
                    count: None,
                    ended: Err(error),
                };
            }
        };
        let ended = tokio::select! {
            biased;
            () = self.interrupt.asked(1) => Err(Interrupted.into()),
            loaded = loading.wait() => loaded,
            _ = recorder.ended() => Err(anyhow!("the recording ended before the load did")),
        };
        match ended {
            Ok(loaded) => Drive {
                summary: loaded.summary,
                count: loaded.count,
                ended: Ok(loaded.threshold_crossed),
            },
            Err(error) => Drive {
                summary: loading.cut().await,
                count: None,
                ended: Err(error),
            },
        }
    }
}
