//! A log beside a recording.

use std::fmt::Write;

use analysis::arms::Rounds;
use analysis::gc::of_arm;
use anyhow::{Context, Result};
use recording::Recording;
use recording::gc::{Gc, GcPart};

use super::log::{Format, Logged};
use super::writing;

/// Limit of the product: distance of the time from the log's.
const LIMIT: f64 = 0.10;

/// One arm.
pub struct Compared {
    arm: String,
    quantity: &'static str,
    logged: Logged,
    gc: Gc,
    /// Collections, or safepoints, as the recording shows them.
    collections: Option<u64>,
    /// Garbage collection in words.
    text: String,
    /// The same quantity as the recording shows it, ns.
    time_ns: f64,
    /// Half the width of its 95 % interval, ns.
    error_ns: f64,
    /// Time in which the runtime writes the log itself, outside of bursts, ns.
    writing_ns: f64,
    seconds: f64,
}

impl Compared {
    /// Finds the quantity of the log in rounds whose garbage collection was measured.
    ///
    /// # Errors
    /// Fails if a recording shows no garbage collection.
    pub fn new(
        arm: &str,
        format: Format,
        logged: Logged,
        rounds: &[(String, Recording)],
    ) -> Result<Self> {
        let arm_rounds = Rounds {
            arm,
            rounds: rounds
                .iter()
                .map(|(path, round)| (path.as_str(), round))
                .collect(),
            traced: Vec::new(),
        };
        let mut sum = Compared {
            arm: arm.into(),
            quantity: format.quantity(),
            logged,
            time_ns: 0.0,
            error_ns: 0.0,
            writing_ns: 0.0,
            seconds: 0.0,
            gc: Gc::default(),
            collections: None,
            text: of_arm(&arm_rounds).map_or_else(String::new, |gc| gc.text),
        };
        for (_, recording) in rounds {
            let gc = recording.gc.as_ref();
            let gc = gc.context("the recording shows no garbage collection")?;
            let (time_ns, error_ns) = quantity(format, gc, recording)?;
            let writing_ns = match format {
                Format::Jsc => writing::elapsed_ns(recording),
                _ => 0.0,
            };
            sum.time_ns += time_ns;
            sum.writing_ns += writing_ns;
            // Rounds are sampled independently.
            sum.error_ns = sum.error_ns.hypot(error_ns);
            sum.seconds += recording.window.duration_ns as f64 / 1e9;
            add(&mut sum.gc, gc);
            let counted = match format {
                Format::Safepoints => recording.runtime_stats.safepoints.map(|all| all.count),
                _ => gc.collections,
            };
            if let Some(counted) = counted {
                *sum.collections.get_or_insert_default() += counted;
            }
        }
        Ok(sum)
    }

    fn ratio(&self) -> f64 {
        self.time_ns / self.logged.time_ns
    }

    fn row(&self) -> String {
        let logged = &self.logged;
        let collections = self
            .collections
            .map_or("–".into(), |count| count.to_string());
        let error = self.error_ns / self.logged.time_ns;
        let verdict = match (self.ratio() - 1.0).abs() {
            off if off <= LIMIT => "within 10 %",
            off if off <= LIMIT + error => "within 10 % and the sampling error",
            _ => "off",
        };
        format!(
            "| {} | {} | {} | {:.1} ms | {collections} | {:.1} ms ± {:.1} | {:.2} ± {error:.2} | {verdict} |\n",
            self.arm,
            self.quantity,
            logged.collections,
            logged.time_ns / 1e6,
            self.time_ns / 1e6,
            self.error_ns / 1e6,
            self.ratio(),
        )
    }

    /// Formats all that the recording shows, a line.
    fn detail(&self) -> String {
        let Self { gc, logged, .. } = self;
        let mut text = format!(
            "- {}: {:.1} s; on-CPU {:.1} ms, elapsed {:.1} ms",
            self.arm,
            self.seconds,
            gc.on_cpu_ns as f64 / 1e6,
            gc.elapsed_ns as f64 / 1e6
        );
        for (part, ns) in &gc.by_part {
            // Writing to a string cannot fail.
            let _ = write!(text, "; {part} {:.1} ms", *ns as f64 / 1e6);
        }
        for (role, ns) in &gc.by_role {
            let _ = write!(text, "; {role} {:.1} ms", *ns as f64 / 1e6);
        }
        let _ = write!(
            text,
            "; in page faults {:.1} ms ({}), in system calls {:.1} ms",
            gc.fault_ns as f64 / 1e6,
            gc.faults,
            gc.syscall_ns as f64 / 1e6
        );
        let _ = write!(text, "; {}", self.text);
        if self.writing_ns > 0.0 {
            let ms = self.writing_ns / 1e6;
            let _ = write!(
                text,
                "; writing the log inside of pauses takes {ms:.1} ms more"
            );
        }
        if logged.steps_ns > 0.0 {
            let _ = write!(text, "; the log's steps {:.1} ms", logged.steps_ns / 1e6);
        }
        text + "\n"
    }
}

/// Returns the quantity that the log gives as a recording shows it, and half the width of its 95 %
/// interval, ns.
fn quantity(format: Format, gc: &Gc, recording: &Recording) -> Result<(f64, f64)> {
    Ok(match format {
        Format::Jsc | Format::V8 | Format::Python | Format::Java => {
            let pause_ns = gc.pause_ns.context("the recording shows no pauses")?;
            (pause_ns as f64, gc.pause_sampling_error_ns as f64)
        }
        Format::Safepoints => {
            let safepoints = recording.runtime_stats.safepoints;
            let safepoints = safepoints.context("the recording shows no safepoints")?;
            (safepoints.wall_ns as f64, 0.0)
        }
        Format::Go => {
            let elapsed = gc.elapsed_ns as f64 / gc.on_cpu_ns.max(1) as f64;
            (on_a_p(gc) * elapsed, gc.sampling_error_ns as f64 * elapsed)
        }
    })
}

/// Adds what the table shows of a round.
fn add(sum: &mut Gc, gc: &Gc) {
    sum.on_cpu_ns += gc.on_cpu_ns;
    sum.elapsed_ns += gc.elapsed_ns;
    sum.fault_ns += gc.fault_ns;
    sum.syscall_ns += gc.syscall_ns;
    sum.faults += gc.faults;
    for (part, ns) in &gc.by_part {
        *sum.by_part.entry(*part).or_default() += ns;
    }
    for (role, ns) in &gc.by_role {
        *sum.by_role.entry(role.clone()).or_default() += ns;
    }
}

/// Returns the on-CPU time of what Go's log counts: all but sweeping.
fn on_a_p(gc: &Gc) -> f64 {
    let parts = [GcPart::Pause, GcPart::Assist, GcPart::Worker];
    let on_cpu: u64 = parts.iter().filter_map(|part| gc.by_part.get(part)).sum();
    on_cpu as f64
}

/// Formats the table.
pub fn table(rows: &[Compared]) -> String {
    let mut text = String::from(
        "| arm | quantity of the log | collections, log | time, log | collections | time | ratio | verdict |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    rows.iter().for_each(|row| text += &row.row());
    text.push('\n');
    // An arm with two quantities has its details once.
    let arms = rows.chunk_by(|one, other| one.arm == other.arm);
    arms.for_each(|rows| text += &rows[0].detail());
    text
}
