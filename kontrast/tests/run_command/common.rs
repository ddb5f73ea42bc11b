//! A folder, a server that already runs, and recorders without privileges for the tests of
//! `kontrast run`.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use recording::{RECORDING_SCHEMA, Recording};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
    sync::Once,
};

const KONTRAST: &str = env!("CARGO_BIN_EXE_kontrast");

/// Returns the path of a program of another package, built if it does not exist.
pub fn program(name: &str) -> PathBuf {
    static BUILD: Once = Once::new();
    let beside = Path::new(KONTRAST).with_file_name(name);
    BUILD.call_once(|| {
        if ["stub", "loadgen"]
            .iter()
            .all(|name| beside.with_file_name(name).exists())
        {
            return;
        }
        let profile = if cfg!(debug_assertions) {
            "dev"
        } else {
            "release"
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--quiet",
            "--profile",
            profile,
            "-p",
            "stub",
            "-p",
            "loadgen",
        ]);
        assert!(cargo.status().unwrap().success());
    });
    beside
}

/// A server that already runs: the stub. Dropping this ends it.
pub struct Server {
    process: Child,
    pub url: String,
}

impl Server {
    pub fn start() -> Self {
        let mut command = Command::new(program("stub"));
        command.args(["--tokens", "2", "--delay", "1ms"]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        Server {
            process,
            url: line.trim().into(),
        }
    }

    /// Returns it as an arm.
    pub fn arm(&self, name: &str) -> String {
        format!(
            "{name}=pid:{}@{}/v1/chat/completions",
            self.process.id(),
            self.url
        )
    }

    /// Whether it still runs.
    pub fn lives(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A working folder of a run.
pub struct Place {
    pub dir: tempfile::TempDir,
    /// Folder of the results.
    pub out: PathBuf,
    recorder: PathBuf,
}

impl Place {
    /// Creates a folder with a recorder that writes an empty, valid recording.
    pub fn new() -> Self {
        Self::with_recorder("echo recording; cat > /dev/null; write")
    }

    /// Creates a folder with a recorder that is this script; its function `write` writes the
    /// recording.
    pub fn with_recorder(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut template = Recording {
            schema: RECORDING_SCHEMA.into(),
            ..Recording::default()
        };
        template.target.arm = "@ARM@".into();
        template.host.cpu_placement = "@PLACEMENT@".into();
        template.window.ended = recording::Ended::Asked;
        template.observer.mode = recording::observer::Mode::None;
        template.process.cpu_clock_ns = Some(1);
        let json = dir.path().join("template.json");
        recording::io::save(&json, &template).unwrap();
        // record --pid PID --out DIR --arm ARM … --placement TEXT --until-stdin-closes
        let write = r#"write() { sed "s/@ARM@/$arm/; s/@PLACEMENT@/$placement/" TEMPLATE > "$out/recording.json"; }
            out="$5"; arm="$7"; while [ "$1" != --placement ]; do shift; done; placement="$2""#;
        let write = write.replace("TEMPLATE", json.to_str().unwrap());
        let recorder = executable(&dir.path().join("recorder"), &format!("{write}\n{script}"));
        let out = dir.path().join("out");
        Place { dir, out, recorder }
    }

    /// Returns the path of a file of the results.
    pub fn file(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    pub fn recording(&self, round: &str) -> Recording {
        recording::io::load_recording(&self.file(round)).unwrap()
    }

    /// Creates a target folder from these lines of target.toml.
    pub fn target(&self, name: &str, rest: &str) -> String {
        let folder = self.dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        let manifest = format!("name = \"{name}\"\nruntime = \"rust\"\nversion = \"1\"\n{rest}\n");
        fs::write(folder.join("target.toml"), manifest).unwrap();
        folder.display().to_string()
    }

    /// Returns `kontrast run` with short rounds.
    pub fn command(&self, arms: &[String], more: &[&str]) -> Command {
        program("loadgen");
        let mut command = Command::new(KONTRAST);
        command.args([
            "run",
            "--arms",
            &arms.join(","),
            "--rounds",
            "2",
            "--warmup",
            "0s",
        ]);
        command.args(["--tokens", "2", "--delay", "1ms"]);
        command
            .arg("--out")
            .arg(&self.out)
            .arg("--recorder")
            .arg(&self.recorder)
            .args(more);
        command.current_dir(self.dir.path()).env("NO_COLOR", "1");
        command
    }

    pub fn run(&self, arms: &[String], more: &[&str]) -> Output {
        self.command(arms, more).output().unwrap()
    }

    /// Starts a run that the test interrupts.
    pub fn begin(&self, arms: &[String], more: &[&str]) -> Begun {
        let mut command = self.command(arms, more);
        let mut process = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        Begun {
            process,
            stderr,
            said: String::new(),
        }
    }
}

/// A run in progress.
pub struct Begun {
    process: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
}

impl Begun {
    /// Reads its output until a line contains `text`.
    pub fn until(&mut self, text: &str) {
        loop {
            let from = self.said.len();
            let read = self.stderr.read_line(&mut self.said).unwrap();
            assert!(read > 0, "it ended without saying {text:?}: {}", self.said);
            if self.said[from..].contains(text) {
                return;
            }
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).unwrap();
    }

    /// Waits until it has `count` descendants besides its guardian: it prints a step before it
    /// starts its processes.
    pub fn until_descendants(&self, count: usize) {
        while self.descendants().len() < count + 1 {
            std::thread::yield_now();
        }
    }

    /// Returns its descendants, each with id and start time.
    pub fn descendants(&self) -> Vec<(i32, u64)> {
        let all = procfs::process::all_processes().unwrap().flatten();
        let stats: Vec<_> = all.filter_map(|process| process.stat().ok()).collect();
        let mut found = vec![];
        let mut open = vec![self.process.id().cast_signed()];
        while let Some(parent) = open.pop() {
            for stat in stats.iter().filter(|stat| stat.ppid == parent) {
                found.push((stat.pid, stat.starttime));
                open.push(stat.pid);
            }
        }
        found
    }

    /// Waits for its end, and returns exit code and output.
    pub fn end(mut self) -> (Option<i32>, String) {
        self.stderr.read_to_string(&mut self.said).unwrap();
        (self.process.wait().unwrap().code(), self.said)
    }
}

/// Waits until these processes have ended. A process that stays makes the test hang, and its name
/// shows which.
pub fn assert_gone(processes: &[(i32, u64)]) {
    assert!(!processes.is_empty(), "there was nothing to leave behind");
    for (pid, start) in processes {
        let lives = || {
            let stat = procfs::process::Process::new(*pid).and_then(|process| process.stat());
            stat.ok()
                .filter(|stat| stat.starttime == *start && stat.state != 'Z')
        };
        let mut patience = 500;
        while let Some(stat) = lives() {
            patience -= 1;
            assert!(patience > 0, "{} ({pid}) is left behind", stat.comm);
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

/// Writes a script that can be run. Another process makes it executable: a file that this process
/// has open for writing cannot be run while any of its threads starts a child, which inherits the
/// open file until its exec.
fn executable(path: &Path, script: &str) -> PathBuf {
    let text = path.with_extension("sh");
    fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
    let install = Command::new("install")
        .arg("-m755")
        .args([&text, path])
        .status();
    assert!(install.unwrap().success());
    path.into()
}

/// Returns standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
