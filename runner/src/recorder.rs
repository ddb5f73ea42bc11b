//! The recorder: `kontrast record` as a separate process, the only one that may need privileges.

mod subject;

pub use subject::{Subject, slow};

use super::{
    child::{Guarded, Pipes},
    cpus::Cpus,
    privilege::Access,
};
use anyhow::{Context, bail};
use recording::{Recording, io::load_recording};
use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, copy, sink},
    process::{ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// Time to attach, and time to write the recording: the verifier is slow on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// The line that is printed when the window begins.
const READY: &str = "recording";
/// Exit code of a recording that a check makes invalid.
const INVALID: i32 = 3;

/// A recorder whose window has begun.
pub struct Recorder {
    process: Guarded,
    /// Closing it ends the window. The kernel closes it if this process is killed; under sudo no
    /// signal could end the recorder.
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    dir: PathBuf,
}

impl Recorder {
    /// Starts `program` and waits until it records into a new folder `recorder` of `round`.
    ///
    /// # Errors
    /// Fails if it ends or does not begin in time, with the end of its log.
    pub async fn start(
        (program, access): (&Path, Access),
        subject: &Subject,
        cpus: Option<&Cpus>,
        round: &Path,
    ) -> anyhow::Result<Self> {
        // The recorder needs an empty folder, and the round's holds logs already.
        let dir = round.join("recorder");
        fs::create_dir(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let mut command: Command = access.command(program);
        command.args(subject.arguments(&dir));
        let pipes = Pipes {
            stdin: true,
            stdout: true,
        };
        let log = round.join("recorder.log");
        let mut process = Guarded::spawn("recorder", &mut command, pipes, cpus, &log)?;
        let stdin = process
            .take_stdin()
            .context("the recorder's input was asked for")?;
        let stdout = process
            .take_stdout()
            .context("the recorder's output was asked for")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        match timeout(PATIENCE, stdout.read_line(&mut line)).await {
            Ok(Ok(_)) if line.trim_end() == READY => Ok(Recorder {
                process,
                stdin,
                stdout,
                dir,
            }),
            Ok(Ok(0)) => Err(process.trouble("ended before it was recording")),
            Ok(_) => Err(process.trouble(&format!("printed {line:?} in place of {READY:?}"))),
            Err(_) => Err(process.trouble(&format!("was not recording within {PATIENCE:?}"))),
        }
    }

    /// Returns when the recorder ends by itself, for instance because the target did. It may be
    /// dropped.
    ///
    /// # Errors
    /// Fails if the system does.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Ends the window and returns the recording, whose file is then in the round's folder.
    ///
    /// # Errors
    /// Fails if the recorder does, or its recording cannot be read.
    pub async fn finish(self) -> anyhow::Result<Recording> {
        let Recorder {
            mut process,
            stdin,
            mut stdout,
            dir,
        } = self;
        drop(stdin);
        // Further output is read and dropped, so that the recorder cannot block on a full pipe.
        let drained = async { copy(&mut stdout, &mut sink()).await };
        let ended = timeout(PATIENCE, async { tokio::join!(process.wait(), drained).0 }).await;
        match ended {
            Ok(status) => match status?.code() {
                Some(0 | INVALID) => {}
                _ => return Err(process.trouble("failed")),
            },
            Err(_) => return Err(process.trouble(&format!("did not end within {PATIENCE:?}"))),
        }
        let recording = load_recording(&dir)?;
        move_up(&dir)?;
        Ok(recording)
    }
}

/// Moves the content of `dir` beside it, and removes `dir`.
fn move_up(dir: &Path) -> anyhow::Result<()> {
    let Some(above) = dir.parent() else {
        bail!("{} has no folder above", dir.display())
    };
    let moved = fs::read_dir(dir).and_then(|entries| {
        for entry in entries {
            let entry = entry?;
            fs::rename(entry.path(), above.join(entry.file_name()))?;
        }
        fs::remove_dir(dir)
    });
    moved.with_context(|| format!("cannot move the recording out of {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use recording::observer::Mode;

    /// Starts a recorder that is a shell script, in a round's folder.
    async fn scripted(script: &str) -> (tempfile::TempDir, anyhow::Result<Recorder>) {
        let dir = tempfile::tempdir().unwrap();
        let program = testing::program(dir.path(), script);
        let subject = Subject {
            pids: vec![7],
            arm: "go".into(),
            runtime: None,
            placement: "not pinned".into(),
            mode: Mode::All,
            round: 1,
            runtime_symbols: None,
            symbols: Vec::new(),
            sample_hz: 499,
            slow: None,
            off_cpu_stacks: false,
            work: None,
            load_port: None,
        };
        let recorder =
            Recorder::start((&program, Access::Enough), &subject, None, dir.path()).await;
        (dir, recorder)
    }

    /// Writes a recording once its input is closed; `--out DIR` is the fifth argument.
    const HONEST: &str = r#"echo recording; cat >/dev/null; echo "bye"
        echo '{"schema":"another/1"}' > "$5/recording.json"; exit 3"#;

    #[tokio::test]
    async fn rejects_a_malformed_recording() {
        let (dir, recorder) = scripted(HONEST).await;
        let error = recorder.unwrap().finish().await.unwrap_err().to_string();
        let named = format!("not a {} file", recording::RECORDING_SCHEMA);
        assert!(error.contains(&named), "{error}");
        assert!(dir.path().join("recorder/recording.json").exists());
    }

    #[tokio::test]
    async fn quotes_the_log_of_a_recorder_that_fails() {
        let (_dir, recorder) = scripted("echo 'CAP_BPF is missing' >&2; exit 1").await;
        let error = recorder.err().unwrap().to_string();
        assert!(
            error.starts_with("the recorder ended before it was recording. The end of its log, "),
            "{error}"
        );
        assert!(error.ends_with("\n  CAP_BPF is missing"), "{error}");
    }

    #[tokio::test]
    async fn rejects_another_line_than_recording() {
        let (_dir, recorder) = scripted("echo hello; cat >/dev/null").await;
        let error = recorder.err().unwrap().to_string();
        let quoted = r#"printed "hello\n" in place of "recording""#;
        assert!(error.contains(quoted), "{error}");
    }

    #[test]
    fn moves_the_recording_up() {
        let round = tempfile::tempdir().unwrap();
        let dir = round.path().join("recorder");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("recording.json"), "{}").unwrap();
        move_up(&dir).unwrap();
        assert!(round.path().join("recording.json").exists() && !dir.exists());
    }
}
