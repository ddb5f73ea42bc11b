//! A round of `cold-start`: the arm is started several times, and recorded from exec to first
//! answer.
//!
//! All servers of a round are suspended before their exec while the recorder attaches to them. Then
//! one after another is resumed, gets a request, and is stopped. Stopped servers use no CPU time,
//! and the kernel's counters of each can still be read when the recording ends.

mod first_request;

use super::{
    bytes::{self, OfService, Peers},
    descendants,
    interrupt::Interrupted,
    output::{arm_folder, round_folder},
    plan::Step,
    recorder::{Recorder, Subject},
    round::{Bench, Round},
    stub::Moved,
};
use crate::target::{Arm, StartOptions, SuspendedServer};
use anyhow::{Context, bail};
use first_request::FirstAnswer;
use recording::{
    LoadSummary, Recording,
    io::{RECORDING_FILE, save_recording},
};
use std::{fs, path::Path, path::PathBuf, sync::Arc};

impl Bench<'_> {
    /// Measures one round of `arm` with this number of `starts`.
    ///
    /// # Errors
    /// Fails with [`Interrupted`], or with the reason. A recording that had begun is on disk in
    /// either case, marked as partial.
    pub async fn cold_round(&self, arm: &Arm, step: Step, starts: u32) -> anyhow::Result<Round> {
        let folder = PathBuf::from(arm_folder(arm.name())).join(round_folder(&step));
        let dir = self.out.join(&folder);
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        self.progress
            .step("starting once, so that its files are in memory");
        let warm = self.suspend(arm, &dir, 1).await?;
        self.ask(warm, 0).await?;
        self.progress.step("starting, suspended before the exec");
        let held = self.suspend(arm, &dir, starts).await?;
        let installed_bytes = arm.installed_bytes()?;
        let mut recording = self.record(arm, &held, &dir, step).await?;
        recording.target.installed_bytes = installed_bytes;
        save_recording(&dir, &recording)?;
        Ok(Round {
            step,
            path: folder.join(RECORDING_FILE).display().to_string(),
            recording,
            threshold_crossed: false,
        })
    }

    async fn suspend(
        &self,
        arm: &Arm,
        dir: &Path,
        starts: u32,
    ) -> anyhow::Result<Arc<Vec<SuspendedServer>>> {
        let cpus = self.placement.target.clone();
        let (arm, dir, url) = (arm.clone(), dir.to_owned(), self.stub.url().to_owned());
        let holding = move || {
            let one = |at: u32| {
                let log = dir.join(format!("target-{at}.log"));
                let mut options = StartOptions::new(url.clone(), log);
                options.cpus.clone_from(&cpus);
                arm.suspend(&options)
            };
            (1..=starts).map(one).collect::<Result<Vec<_>, _>>()
        };
        Ok(Arc::new(
            descendants::ended_with(self.interrupt, holding).await??,
        ))
    }

    /// Resumes a server, sends it a request and stops it.
    async fn ask(&self, held: Arc<Vec<SuspendedServer>>, at: usize) -> anyhow::Result<FirstAnswer> {
        let asking = move || first_request::send(&held[at]);
        descendants::ended_with(self.interrupt, asking).await?
    }

    async fn record(
        &self,
        arm: &Arm,
        held: &Arc<Vec<SuspendedServer>>,
        dir: &Path,
        step: Step,
    ) -> anyhow::Result<Recording> {
        let mark = self.interrupt.unless(self.stub.mark()).await??;
        self.progress.step("attaching the recorder");
        let subject = Subject {
            pids: held.iter().map(SuspendedServer::pid).collect(),
            arm: arm.name().into(),
            runtime: arm.runtime(),
            placement: self.placement.text(false),
            mode: step.mode,
            round: step.round,
            runtime_symbols: None,
            symbols: self.request.symbols.clone(),
            sample_hz: self.request.sample_hz,
            slow: None,
            off_cpu_stacks: false,
            work: None,
            // Each server has another port.
            load_port: None,
        };
        let recorder =
            Recorder::start(self.recorder, &subject, self.placement.driver.as_ref(), dir);
        let recorder = self.interrupt.unless(recorder).await??;
        let mut answered = Vec::new();
        let mut trouble = None;
        for at in 0..held.len() {
            self.progress
                .step(&format!("start {} of {}", at + 1, held.len()));
            match self.ask(Arc::clone(held), at).await {
                Ok(answer) => answered.push(answer),
                Err(error) => {
                    trouble = Some(error);
                    break;
                }
            }
        }
        self.progress.step("writing the recording");
        let mut recording = recorder.finish().await?;
        let moved = self.stub.moved_since(&mark).await;
        bytes::mark_upstream(&mut recording.peers, [self.stub.url()].into_iter());
        complete(&mut recording, &answered, moved.as_ref().ok().copied());
        if trouble.is_some() {
            recording.window.ended = recording::Ended::Interrupted;
        }
        let noise = self.request.noise.clone();
        recording.host.noise = noise.filter(|noise| noise.is_of(&recording.host));
        save_recording(dir, &recording)?;
        moved?;
        match trouble {
            Some(error) if error.is::<Interrupted>() => Err(error),
            Some(error) => Err(error.context("a start did not come to its first answer")),
            None => Ok(recording),
        }
    }
}

/// Adds to the recording: the starts, and the bytes sent to and received from the servers.
fn complete(recording: &mut Recording, answered: &[FirstAnswer], stub: Option<Moved>) {
    recording.starts = answered.iter().map(|answer| answer.start).collect();
    let said = LoadSummary {
        bytes_sent: answered.iter().map(|answer| answer.bytes_sent).sum(),
        bytes_received: answered.iter().map(|answer| answer.bytes_received).sum(),
        ..LoadSummary::default()
    };
    let peers = Peers {
        load: Some(&said),
        stub,
        service: OfService::None,
    };
    let check = bytes::check(recording, &peers);
    recording.checks.push(check);
}

/// Rejects arms that cannot be started here.
///
/// # Errors
/// Fails with the name of the first of them.
pub fn check(arms: &[Arm]) -> anyhow::Result<()> {
    match arms.iter().find(|arm| arm.manifest().is_none()) {
        Some(arm) => bail!(
            "{} runs already, and cold-start measures starts: use the folder with its target.toml",
            arm.name()
        ),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::{Start, process::Sockets};

    #[test]
    fn checks_the_bytes_of_all_starts() {
        let answered = [20, 30].map(|first_token_ns| FirstAnswer {
            start: Start {
                listening_ns: 10,
                first_token_ns,
            },
            bytes_sent: 100,
            bytes_received: 300,
        });
        let mut recording = Recording {
            sockets: Sockets {
                send_bytes: 1_000,
                recv_bytes: 1_200,
                ..Sockets::default()
            },
            ..Recording::default()
        };
        let stub = Moved {
            bytes_sent: 1_000,
            bytes_received: 400,
            ..Moved::default()
        };
        complete(&mut recording, &answered, Some(stub));
        assert_eq!(recording.starts[1].first_token_ns, 30);
        assert!(recording.checks[0].ok, "{:?}", recording.checks[0]);
        assert!(recording.load.is_none(), "there are no rates of a start");
    }

    #[test]
    fn rejects_arms_that_run_already() {
        let arm = Arm::resolve("api=pid:1@http://127.0.0.1:80", Path::new("none")).unwrap();
        assert!(
            check(&[arm])
                .unwrap_err()
                .to_string()
                .starts_with("api runs already")
        );
        assert!(check(&[]).is_ok());
    }
}
