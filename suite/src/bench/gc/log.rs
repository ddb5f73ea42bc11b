//! The logs of runtimes.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::project;

/// Beginning of the names of arms that are a program of Java with one of its collectors.
pub const JAVA: &str = "java-";

/// Format of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `BUN_JSC_logGC=1`: a line a collection, with the length of each of its pauses.
    Jsc,
    /// `GODEBUG=gctrace=1`: a line a collection, with wall-clock and CPU time of its phases.
    Go,
    /// `node --trace-gc`: a line a collection, with its time on the main thread.
    V8,
    /// `gc.callbacks` of Python: a line a collection, with its length.
    Python,
    /// `java -Xlog:gc*`: a line a pause.
    Java,
    /// `java -Xlog:safepoint`: a line a safepoint.
    Safepoints,
}

/// A log's account of collections, in ns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Logged {
    /// Collections.
    pub collections: u64,
    /// Time that the log gives; [`Format::quantity`] says which.
    pub time_ns: f64,
    /// Wall-clock time of steps beside the collections, which V8 makes while the program runs.
    pub steps_ns: f64,
}

impl Logged {
    /// Adds up the accounts of several rounds.
    pub fn sum(rounds: &[Self]) -> Self {
        let sum = |of: fn(&Self) -> f64| rounds.iter().map(of).sum();
        Logged {
            collections: rounds.iter().map(|round| round.collections).sum(),
            time_ns: sum(|round| round.time_ns),
            steps_ns: sum(|round| round.steps_ns),
        }
    }
}

impl Format {
    /// Returns the format of a target's log.
    ///
    /// # Errors
    /// Fails for a target whose runtime writes no log of collections.
    pub fn of_arm(arm: &str) -> Result<Self> {
        Ok(match arm {
            arm if arm.starts_with("bun") => Self::Jsc,
            "go" => Self::Go,
            arm if arm.starts_with("node") => Self::V8,
            "python" => Self::Python,
            arm if arm.starts_with(JAVA) => Self::Java,
            _ => bail!(
                "the runtime of {arm} writes no log of collections; choose bun, bun-1.4, go, node, python or java-g1"
            ),
        })
    }

    /// Returns the environment in which a runtime writes its log.
    pub fn env(self) -> Vec<(&'static str, PathBuf)> {
        match self {
            Self::Jsc => vec![("BUN_JSC_logGC", "1".into())],
            Self::Go => vec![("GODEBUG", "gctrace=1".into())],
            Self::V8 | Self::Java | Self::Safepoints => Vec::new(),
            Self::Python => {
                let folder = project::root().join("suite/src/bench/gc/python");
                vec![("PYTHONPATH", folder)]
            }
        }
    }

    /// Returns the variant of the target that writes the log, where it needs an argument.
    pub fn variant(self) -> Option<&'static str> {
        (self == Self::V8).then_some("trace-gc")
    }

    /// Returns the quantities that are compared of a target with this format.
    pub fn quantities(self) -> &'static [Self] {
        match self {
            Self::Jsc => &[Self::Jsc],
            Self::Go => &[Self::Go],
            Self::V8 => &[Self::V8],
            Self::Python => &[Self::Python],
            Self::Java | Self::Safepoints => &[Self::Java, Self::Safepoints],
        }
    }

    /// Returns which quantity the log gives, and what it is compared with.
    pub fn quantity(self) -> &'static str {
        match self {
            Self::Jsc => "pauses, wall-clock",
            Self::Go => "assist + workers + pauses, time on a P",
            Self::V8 => "collections on the main thread, wall-clock",
            Self::Python => "collections, wall-clock",
            Self::Java => "pauses, wall-clock",
            Self::Safepoints => "safepoints, wall-clock",
        }
    }

    /// Returns the time that a line itself has, in ns since the start of the process. V8 writes
    /// through a buffer.
    pub fn own_time_ns(self, line: &str) -> Option<u64> {
        if self != Self::V8 {
            return None;
        }
        let (time, _) = line
            .strip_prefix('[')?
            .split_once("] ")?
            .1
            .split_once(" ms: ")?;
        let ms: f64 = time.trim().parse().ok()?;
        Some((ms * 1e6) as u64)
    }

    /// Adds up the lines of a log.
    pub fn read(self, lines: &[&str]) -> Logged {
        let mut sum = Logged::default();
        for line in lines {
            let found = match self {
                Self::Jsc => jsc(line),
                Self::Go => go(line),
                Self::V8 => v8(line),
                Self::Python => python(line),
                Self::Java => java_pause(line),
                Self::Safepoints => java_safepoint(line),
            };
            sum = Logged::sum(&[sum, found.unwrap_or_default()]);
        }
        sum
    }
}

/// Returns milliseconds as ns.
fn ms(text: &str) -> Option<f64> {
    Some((text.trim().parse::<f64>().ok()? * 1e6).round())
}

/// Reads `… p=1.03ms (max 5.01)...]` and `… p=0.56ms (max 5.01), cycle 3.64ms END]`, of which a
/// line may have several.
fn jsc(line: &str) -> Option<Logged> {
    let pauses = line.split("p=").skip(1).filter_map(|rest| {
        let (length, _) = rest.split_once("ms (max ")?;
        ms(length)
    });
    Some(Logged {
        collections: line.matches("ms END]").count() as u64,
        time_ns: pauses.sum(),
        steps_ns: 0.0,
    })
}

/// Reads `gc 14 @2.1s 1%: 0.02+1.2+0.005 ms clock, 0.04+0.4/0.7/0.1+0.01 ms cpu, …`.
fn go(line: &str) -> Option<Logged> {
    let (_, times) = line.strip_prefix("gc ")?.split_once("%: ")?;
    let (_, rest) = times.split_once(" ms clock, ")?;
    let (cpu, _) = rest.split_once(" ms cpu, ")?;
    let parts = cpu.split(['+', '/']).map(ms);
    let time_ns = parts.sum::<Option<f64>>()?;
    Some(Logged {
        collections: 1,
        time_ns,
        steps_ns: 0.0,
    })
}

/// Reads `[7:0x1:0] 46 ms: Scavenge 4.3 (5.1) -> 3.9 (6.1) MB, 0.83 / 0.00 ms  (…`; a collection
/// that was marked in steps has `(+ 0.4 ms in 3 steps` besides.
fn v8(line: &str) -> Option<Logged> {
    let (_, event) = line.strip_prefix('[')?.split_once(" ms: ")?;
    let (before, _) = event.split_once(" MB")?.1.split_once(" / ")?;
    let (_, length) = before.rsplit_once(", ")?;
    let steps = event.split_once("(+ ").and_then(|(_, rest)| {
        let (length, _) = rest.split_once(" ms in ")?;
        ms(length)
    });
    Some(Logged {
        collections: 1,
        time_ns: ms(length)?,
        steps_ns: steps.unwrap_or_default(),
    })
}

/// Reads the lines of `python/sitecustomize.py`.
fn python(line: &str) -> Option<Logged> {
    let (_, length) = line.strip_prefix("gc ")?.split_once(' ')?;
    Some(Logged {
        collections: 1,
        time_ns: length.parse().ok()?,
        steps_ns: 0.0,
    })
}

/// Reads `GC(3) Pause Young (Normal) (G1 Evacuation Pause) 24M->4M(256M) 3.456ms`. ZGC also writes
/// `GC(3) Garbage Collection (Warmup) 26M(10%)->12M(5%)`, and its pauses apart.
fn java_pause(line: &str) -> Option<Logged> {
    let (_, event) = line.strip_prefix("GC(")?.split_once(") ")?;
    if event.starts_with("Garbage Collection (") {
        return event.contains(")->").then_some(Logged {
            collections: 1,
            ..Logged::default()
        });
    }
    let pause = event.strip_prefix("Pause ")?.strip_suffix("ms")?;
    // Steps between the concurrent phases of ZGC are no collections.
    let is_step = ["Mark Start", "Mark End", "Relocate Start"];
    let is_step = is_step.iter().any(|step| pause.starts_with(step));
    Some(Logged {
        collections: u64::from(!is_step),
        time_ns: ms(pause.rsplit(' ').next()?)?,
        steps_ns: 0.0,
    })
}

/// Reads `Safepoint "Cleanup", Time since last: 1 ns, Reaching safepoint: 2 ns, …, Total: 5 ns`.
fn java_safepoint(line: &str) -> Option<Logged> {
    let (_, total) = line.strip_prefix("Safepoint ")?.rsplit_once("Total: ")?;
    Some(Logged {
        collections: 1,
        time_ns: total.trim().strip_suffix(" ns")?.parse().ok()?,
        steps_ns: 0.0,
    })
}

#[cfg(test)]
mod tests;
