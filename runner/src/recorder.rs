//! The recorder: `kontrast record` as a process of its own, the only one that may need privileges.

use super::{
    child::{Guarded, Pipes},
    cpus::Cpus,
    privilege::Access,
};
use anyhow::{Context, bail};
use recording::{Recording, io::load_recording, observer::Mode, vocabulary::Runtime};
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

/// How long attaching may take, and how long writing the recording may take: the verifier is slow on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// The line that says that the window has begun.
const READY: &str = "recording";
/// A recording that was written, though a check makes it invalid.
const INVALID: i32 = 3;

/// What is recorded, as `kontrast record` takes it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Processes of the server under test.
    pub pids: Vec<u32>,
    /// Name of the arm.
    pub arm: String,
    /// Runtime family and its version, where they are known.
    pub runtime: Option<(String, String)>,
    /// How processes were placed on CPUs, in words.
    pub placement: String,
    /// How much is observed.
    pub mode: Mode,
    /// Which round it is.
    pub round: u32,
    /// The folder that the runtime writes to, where it helps.
    pub detail: Option<PathBuf>,
}

impl Subject {
    /// The arguments of `kontrast record` that records this into `dir`.
    fn arguments(&self, dir: &Path) -> Vec<String> {
        let dir = dir.display().to_string();
        let pids: Vec<String> = self.pids.iter().map(u32::to_string).collect();
        let mut arguments = vec!["record"];
        arguments.extend(pids.iter().flat_map(|pid| ["--pid", pid]));
        arguments.extend(["--out", &dir, "--arm", &self.arm]);
        if let Some((runtime, version)) = &self.runtime {
            // `target.toml` may name a runtime that the recording has no word for.
            let known = runtime.parse::<Runtime>().unwrap_or_default();
            arguments.extend(["--runtime", known.name(), "--runtime-version", version]);
        }
        arguments.extend(["--placement", &self.placement, "--until-stdin-closes"]);
        arguments.extend(["--probes", self.mode.name()]);
        let round = self.round.to_string();
        if self.mode == Mode::Overhead {
            arguments.extend(["--round", &round]);
        }
        let detail = self.detail.as_ref().map(|dir| dir.display().to_string());
        if let Some(dir) = &detail {
            arguments.extend(["--runtime-symbols", dir]);
        }
        arguments.into_iter().map(String::from).collect()
    }
}

/// A recorder whose window has begun.
pub struct Recorder {
    process: Guarded,
    /// The window ends when this is closed, whether by us or by our end: under sudo nothing else could end it.
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    dir: PathBuf,
}

impl Recorder {
    /// Starts `program` and waits until it records into a new folder `recorder` of `round`.
    ///
    /// # Errors
    /// When it ends or does not begin in time, with its log's end.
    pub async fn start(
        (program, access): (&Path, Access),
        subject: &Subject,
        cpus: Option<&Cpus>,
        round: &Path,
    ) -> anyhow::Result<Self> {
        // The recorder refuses a folder with anything in it, and the round's holds logs already.
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

    /// Returns when the recorder ends by itself, because the target did for instance; may be dropped.
    ///
    /// # Errors
    /// As the system's.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.wait().await
    }

    /// Ends the window and gives the recording; its file is then in the round's folder.
    ///
    /// # Errors
    /// When the recorder fails or writes nothing that can be read.
    pub async fn finish(self) -> anyhow::Result<Recording> {
        let Recorder {
            mut process,
            stdin,
            mut stdout,
            dir,
        } = self;
        drop(stdin);
        // What else it prints is read away, so that it cannot block on a full pipe.
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

/// Moves what is in `dir` beside it, and removes `dir`.
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

    /// A recorder that is a shell script, in a round's folder.
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
            detail: None,
        };
        let recorder =
            Recorder::start((&program, Access::Enough), &subject, None, dir.path()).await;
        (dir, recorder)
    }

    /// Writes a recording once its input is closed; `--out DIR` is the fifth argument.
    const HONEST: &str = r#"echo recording; cat >/dev/null; echo "bye"
        echo '{"schema":"kontrast.recording/2"}' > "$5/recording.json"; exit 3"#;

    #[tokio::test]
    async fn a_recording_that_cannot_be_read_is_an_error() {
        let (dir, recorder) = scripted(HONEST).await;
        let error = recorder.unwrap().finish().await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("not a kontrast.recording/2 file"),
            "{error}"
        );
        assert!(dir.path().join("recorder/recording.json").exists());
    }

    #[tokio::test]
    async fn a_recorder_that_fails_is_quoted() {
        let (_dir, recorder) = scripted("echo 'CAP_BPF is missing' >&2; exit 1").await;
        let error = recorder.err().unwrap().to_string();
        assert!(
            error.starts_with("the recorder ended before it was recording. The end of its log, "),
            "{error}"
        );
        assert!(error.ends_with("\n  CAP_BPF is missing"), "{error}");
    }

    #[tokio::test]
    async fn a_recorder_that_says_something_else_is_an_error() {
        let (_dir, recorder) = scripted("echo hello; cat >/dev/null").await;
        let error = recorder.err().unwrap().to_string();
        assert!(
            error.contains(r#"printed "hello\n" in place of "recording""#),
            "{error}"
        );
    }

    #[test]
    fn the_arguments_are_those_of_record() {
        let subject = Subject {
            pids: vec![7, 8],
            arm: "go".into(),
            runtime: Some(("go".into(), "1.26.4".into())),
            placement: "target on CPU 0".into(),
            mode: Mode::Overhead,
            round: 3,
            detail: Some("/from runtime".into()),
        };
        let arguments = subject.arguments(Path::new("/out dir")).join("|");
        assert_eq!(
            arguments,
            "record|--pid|7|--pid|8|--out|/out dir|--arm|go|--runtime|go|--runtime-version|1.26.4\
             |--placement|target on CPU 0|--until-stdin-closes|--probes|overhead|--round|3|--runtime-symbols|/from runtime"
        );
    }

    #[test]
    fn what_the_recorder_wrote_moves_up() {
        let round = tempfile::tempdir().unwrap();
        let dir = round.path().join("recorder");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("recording.json"), "{}").unwrap();
        move_up(&dir).unwrap();
        assert!(round.path().join("recording.json").exists() && !dir.exists());
    }
}
