//! The programs: their source, how they are compiled, and the wait that is planted in each.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use recording::vocabulary::WaitKind;

use super::{hog, process, project, quota};

/// A planted wait, as a recording should show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Sleep of this kind.
    Wait(WaitKind),
    /// Time in the run queue.
    RunQueue,
    /// Time in which a CPU quota keeps threads from running.
    Throttled,
    /// Time in which the program stands still for garbage collection.
    Collection,
    /// A goroutine that waits, by Go's word for the reason.
    Goroutine(&'static str),
}

impl Expected {
    /// Returns the words for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Wait(kind) => kind.label(),
            Self::RunQueue => "run queue",
            Self::Throttled => "CPU quota",
            Self::Collection => "GC pause",
            Self::Goroutine(reason) => reason,
        }
    }
}

/// A program with a planted wait.
#[derive(Debug)]
pub struct Planted {
    /// Language and subject.
    pub name: &'static str,
    /// File of its source.
    source: &'static str,
    /// The wait in words.
    pub about: &'static str,
    /// The wait that a recording should show.
    pub expected: Expected,
    /// Part of the name of the function that waits.
    pub place: &'static str,
    /// Part of the name of the holder, its function, or the file or peer.
    pub holder: &'static str,
}

/// Words that run Java.
const JAVA: [&str; 3] = ["java", "-XX:+PreserveFramePointer", "-cp"];

/// All programs.
pub const PLANTED: [Planted; 13] = [
    Planted {
        name: "c-lock",
        source: "lock.c",
        about: "a mutex of pthreads that another thread holds",
        expected: Expected::Wait(WaitKind::Lock),
        place: "take_the_lock",
        holder: "release_the_lock",
    },
    Planted {
        name: "go-lock",
        source: "lock.go",
        about: "a `sync.Mutex` that another goroutine holds",
        expected: Expected::Goroutine("sync.Mutex.Lock"),
        place: "takeTheLock",
        holder: "releaseTheLock",
    },
    Planted {
        name: "python-lock",
        source: "lock.py",
        about: "a `threading.Lock` that another thread holds",
        expected: Expected::Wait(WaitKind::Lock),
        place: "take_the_lock",
        holder: "hold",
    },
    Planted {
        name: "python-gil",
        source: "gil.py",
        about: "the interpreter's lock, while another thread computes",
        expected: Expected::Wait(WaitKind::Lock),
        place: "serve",
        holder: "compute",
    },
    Planted {
        name: "java-monitor",
        source: "Monitor.java",
        about: "a monitor that another thread holds",
        expected: Expected::Wait(WaitKind::Lock),
        // Methods of Java have no names here.
        place: "ObjectMonitor",
        holder: "holder",
    },
    Planted {
        name: "c-queue",
        source: "queue.c",
        about: "a queue with room for one, whose consumer is slow",
        expected: Expected::Wait(WaitKind::HandOff),
        place: "put_into_the_queue",
        holder: "take_from_the_queue",
    },
    Planted {
        name: "go-channel",
        source: "channel.go",
        about: "a channel with room for one, whose receiver is slow",
        expected: Expected::Goroutine("chan send"),
        place: "sendIntoTheChannel",
        holder: "main.main",
    },
    Planted {
        name: "c-pool",
        source: "pool.c",
        about: "a pool of one thread, which two others give jobs",
        expected: Expected::Wait(WaitKind::HandOff),
        place: "wait_for_the_result",
        holder: "finish_a_job",
    },
    Planted {
        name: "c-fsync",
        source: "fsync.c",
        about: "`fsync` after each token",
        expected: Expected::Wait(WaitKind::File),
        place: "sync_the_log",
        holder: "dose.log",
    },
    Planted {
        name: "c-upstream",
        source: "upstream.c",
        about: "the answer of a slow peer in another process",
        expected: Expected::Wait(WaitKind::Socket),
        place: "read_the_answer",
        holder: "127.0.0.1:",
    },
    Planted {
        name: "c-hog",
        source: "busy.c",
        about: "a CPU on which another process works",
        expected: Expected::RunQueue,
        place: "server",
        holder: hog::NAME,
    },
    Planted {
        name: "c-quota",
        source: "busy.c",
        about: "a cgroup that may use a fifth of a CPU",
        expected: Expected::Throttled,
        place: "server",
        holder: quota::NAME,
    },
    Planted {
        name: "node-gc",
        source: "garbage.js",
        about: "collections of a large heap",
        expected: Expected::Collection,
        place: "main",
        holder: "probes on the function that collects",
    },
];

impl Planted {
    /// Compiles the program into a folder. Returns the words that run it.
    ///
    /// # Errors
    /// There is no compiler, or it fails.
    pub fn compile(&self, out: &Path) -> Result<Vec<OsString>> {
        let source = sources().join(self.source);
        let program = out.join("program");
        let mut compiler = match self.source.rsplit('.').next() {
            Some("c") => {
                compile_c(self.source, &program)?;
                return Ok(vec![program.into()]);
            }
            Some("go") => {
                let mut compiler = Command::new("go");
                compiler.args(["build", "-o"]).arg(&program).arg(&source);
                compiler
            }
            Some("java") => {
                let mut compiler = Command::new("javac");
                compiler.arg("-d").arg(&program).arg(&source);
                compiler
            }
            Some("js") => {
                let words = ["node", "--trace-gc"].map(OsString::from).into_iter();
                return Ok(words.chain([source.into()]).collect());
            }
            _ => return Ok(vec![python()?.into(), "-B".into(), source.into()]),
        };
        compile(&mut compiler)?;
        Ok(match source.file_stem() {
            Some(class) if self.source.ends_with(".java") => {
                let words = JAVA.map(OsString::from).into_iter();
                words.chain([program.into(), class.to_owned()]).collect()
            }
            _ => vec![program.into()],
        })
    }
}

/// Compiles a program in C. Its own code keeps frame pointers, as that of most distributions does.
///
/// # Errors
/// There is no compiler, or it fails.
pub fn compile_c(source: &str, program: &Path) -> Result<()> {
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-g", "-fno-omit-frame-pointer", "-pthread"]);
    compiler.arg("-o").arg(program).arg(sources().join(source));
    compile(&mut compiler)
}

fn compile(compiler: &mut Command) -> Result<()> {
    let status = compiler.status();
    let status = status.with_context(|| process::shown(compiler))?;
    if !status.success() {
        bail!("{} failed ({status})", process::shown(compiler));
    }
    Ok(())
}

fn sources() -> PathBuf {
    project::root().join("suite/src/bench/waits/programs")
}

/// Returns the interpreter itself: a script in its place would be recorded as well.
fn python() -> Result<String> {
    let mut command = Command::new("python3");
    command.args(["-c", "import sys; print(sys.executable)"]);
    process::output(&mut command).context("cannot start python3")
}
