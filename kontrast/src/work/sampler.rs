//! Reads a counter before the window, at its start, each second, and at its end.

use super::Counted;
use super::number;
use super::source::Counter;
use anyhow::{Context, Result, bail};
use recording::work::WorkPoint;
use recording::{Recording, Window};
use runner::target::SudoUser;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Time between two readings.
const PERIOD: Duration = Duration::from_secs(1);
/// Time that a command may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of a file or of the output of a command.
const MOST: u64 = 1 << 20;

/// A reading of a counter.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reading {
    /// Time since the first reading began.
    at: Duration,
    value: f64,
}

/// Readings of a counter, so far.
struct Log {
    counter: Counter,
    began: Instant,
    readings: Vec<Reading>,
    /// Why the last attempt failed.
    failure: Option<String>,
}

/// A counter that is read while recording.
pub struct Sampler {
    /// Wall-clock time of the log's beginning.
    began: SystemTime,
    state: State,
}

enum State {
    Waiting(Log),
    Running {
        stop: Sender<()>,
        thread: JoinHandle<Log>,
    },
    Stopped(Log),
    Gone,
}

impl Sampler {
    /// Reads the counter for the first time, so that one that cannot be read is refused before
    /// anything is attached.
    ///
    /// # Errors
    /// Fails if the counter cannot be read, unless it `may_be_missing`: the command that is to be
    /// recorded may provide it.
    pub fn prepare(counter: Counter, may_be_missing: bool) -> Result<Self> {
        let (began, began_wall) = (Instant::now(), SystemTime::now());
        let mut log = Log {
            counter,
            began,
            readings: Vec::new(),
            failure: None,
        };
        log.read();
        if let Some(failure) = log.failure.take().filter(|_| !may_be_missing) {
            bail!("--work: {failure}");
        }
        Ok(Sampler {
            began: began_wall,
            state: State::Waiting(log),
        })
    }

    /// Reads the counter at the start of the window, and from then on each second.
    pub fn start(&mut self) {
        let State::Waiting(mut log) = std::mem::replace(&mut self.state, State::Gone) else {
            return;
        };
        log.read();
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            log.follow(&stopped);
            log
        });
        self.state = State::Running { stop, thread };
    }

    /// Reads the counter at the end of the window, for the last time.
    pub fn stop(&mut self) {
        if let State::Running { stop, thread } = std::mem::replace(&mut self.state, State::Gone) {
            // The thread ends only when asked to, and then it reads once more.
            let _ = stop.send(());
            self.state = thread.join().map_or(State::Gone, State::Stopped);
        }
    }

    /// Returns the work of a recording's window.
    ///
    /// # Errors
    /// Fails if the counter could not be read at the end, or went backwards.
    pub fn count(self, recording: &Recording) -> Result<Counted, String> {
        match self.state {
            State::Stopped(log) => {
                if let Some(failure) = &log.failure {
                    return Err(failure.clone());
                }
                within(&log.readings, window(&recording.window, self.began))
            }
            _ => Err("the counter was not read at the end of the window".into()),
        }
    }
}

impl Log {
    /// Reads each second until asked to stop, and then once more.
    fn follow(&mut self, stopped: &Receiver<()>) {
        while matches!(stopped.recv_timeout(PERIOD), Err(RecvTimeoutError::Timeout)) {
            self.read();
        }
        self.read();
    }

    fn read(&mut self) {
        let before = self.began.elapsed();
        match self.counter.read() {
            Ok(value) => {
                // The counter was read somewhere in between.
                let at = before + (self.began.elapsed() - before) / 2;
                self.readings.push(Reading { at, value });
                self.failure = None;
            }
            Err(error) => self.failure = Some(format!("{error:#}")),
        }
    }
}

/// Returns the window relative to the beginning of the readings.
fn window(window: &Window, began: SystemTime) -> (Duration, Duration) {
    let start = UNIX_EPOCH + Duration::from_nanos(window.start_unix_ns);
    let start = start.duration_since(began).unwrap_or_default();
    (start, start + Duration::from_nanos(window.duration_ns))
}

/// Returns the growth of a counter in a window, and its series.
fn within(readings: &[Reading], (start, end): (Duration, Duration)) -> Result<Counted, String> {
    let (Some(first), Some(_)) = (readings.first(), readings.get(1)) else {
        return Err("the counter was read less than twice".into());
    };
    let backwards = readings.windows(2).find(|two| two[1].value < two[0].value);
    if let Some([before, after]) = backwards {
        return Err(format!(
            "the counter went backwards, from {} to {}: it was reset, or is no counter",
            before.value, after.value
        ));
    }
    let base = at(readings, start).unwrap_or(first.value);
    let since =
        |instant: Duration| at(readings, instant).map(|value| (value - base).round() as u64);
    let inside = readings.iter().filter(|one| one.at > start && one.at < end);
    let points = inside.filter_map(|one| {
        Some(WorkPoint {
            t_ns: u64::try_from((one.at - start).as_nanos()).ok()?,
            count: since(one.at)?,
        })
    });
    Ok(Counted {
        count: since(end).unwrap_or_default(),
        series: points.collect(),
    })
}

/// Returns the value at an instant: on the line between the readings around it, and beyond the
/// outermost readings their value.
fn at(readings: &[Reading], instant: Duration) -> Option<f64> {
    let after = readings.iter().position(|one| one.at >= instant);
    let Some(after) = after else {
        return readings.last().map(|one| one.value);
    };
    let next = readings[after];
    let Some(before) = after.checked_sub(1).map(|before| readings[before]) else {
        return Some(next.value);
    };
    let length = (next.at - before.at).as_secs_f64();
    let share = match length > 0.0 {
        true => (instant - before.at).as_secs_f64() / length,
        false => 1.0,
    };
    Some(before.value + share * (next.value - before.value))
}

impl Counter {
    /// Reads the counter.
    ///
    /// # Errors
    /// Fails with the source and the reason.
    pub fn read(&self) -> Result<f64> {
        match self {
            Counter::Prometheus(metric) => metric.read(),
            Counter::File { path, key } => {
                let file = File::open(path).with_context(|| format!("cannot read {self}"))?;
                let text = text(file).with_context(|| format!("cannot read {self}"))?;
                find(self, &text, key.as_deref())
            }
            Counter::Command { line, key } => {
                let text = output(line).with_context(|| format!("{self} failed"))?;
                find(self, &text, key.as_deref())
            }
        }
    }
}

fn find(counter: &Counter, text: &str, key: Option<&str>) -> Result<f64> {
    let found = number::find(text, key).map_err(anyhow::Error::msg);
    found.with_context(|| format!("{counter} has no count"))
}

fn text(from: impl Read) -> Result<String> {
    let mut bytes = Vec::new();
    from.take(MOST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the output of a command. It runs as the user behind sudo, if there is one, and in its
/// own process group, which is killed if it takes too long.
fn output(line: &str) -> Result<String> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).process_group(0);
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(user) = SudoUser::detect()? {
        user.run_as(&mut command);
    }
    let mut child = command.spawn().context("cannot start a shell")?;
    let (out, errors) = (child.stdout.take(), child.stderr.take());
    let (sender, ended) = channel();
    let group = nix::unistd::Pid::from_raw(child.id().cast_signed());
    std::thread::spawn(move || {
        let errors = std::thread::spawn(move || errors.map(text));
        let out = out.map_or(Ok(String::new()), text);
        let errors = errors.join().ok().flatten().and_then(Result::ok);
        // The receiver is gone if the command took too long.
        let _ = sender.send((out, errors.unwrap_or_default()));
    });
    let received = ended.recv_timeout(PATIENCE);
    if received.is_err() {
        // It may have ended at this very moment.
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
    }
    let status = child.wait()?;
    let Ok((out, errors)) = received else {
        bail!("it took longer than {PATIENCE:?}");
    };
    if !status.success() {
        let why = errors.lines().next().unwrap_or_default();
        bail!("{status} {why}");
    }
    out
}

#[cfg(test)]
mod tests;
