//! Inputs of a run, kept beside its results as `run.json`.

use crate::{cpus::Cpus, load::Load, service::Spec, workload::Workload};
use recording::host::Noise;
use recording::vocabulary::WorkName;
use serde::{Serialize, Serializer};
use std::{path::PathBuf, time::Duration};

/// The schema of `run.json`.
pub const RUN_SCHEMA: &str = "kontrast.run/2";
/// Its file name.
pub const RUN_FILE: &str = "run.json";

/// Inputs of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// Arms as the user wrote them.
    pub arms: Vec<String>,
    /// Folder of targets that are given by name.
    pub targets_dir: PathBuf,
    /// The workload.
    pub workload: Workload,
    /// Service that each round starts for the arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Spec>,
    /// The load.
    pub load: Load,
    /// Unit of work and its counter, as the recorder takes it; `None` for that of the load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<String>,
    /// Name of the unit that the load command counts, if it has another than the command's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_unit: Option<WorkName>,
    /// Thresholds of each load, in the load generator's syntax.
    pub thresholds: Vec<String>,
    /// Rounds of each arm; the maximum where the run chooses.
    pub rounds: u32,
    /// The condition that ends the run before its last round; `None` where the number of rounds is
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto: Option<AutoRounds>,
    /// Traced rounds of each arm, beside those that are compared.
    pub traced_rounds: u32,
    /// Whether each arm has one more, instrumented round.
    pub runtime_symbols: bool,
    /// CPU samples a second on each CPU.
    pub sample_hz: u32,
    /// The latency above which single tokens are kept, as `kontrast record --slow` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<String>,
    /// Folders of separate debug files for the recorder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<PathBuf>,
    /// Starts per round, for a workload that measures starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<u32>,
    /// Length of each recording; `None` until the user's load command ends.
    #[serde(rename = "duration_ns", serialize_with = "optional_nanoseconds")]
    pub duration: Option<Duration>,
    /// Length of the load before each recording; zero for none.
    #[serde(rename = "warmup_ns", serialize_with = "nanoseconds")]
    pub warmup: Duration,
    /// Content tokens per answer of the stub.
    pub tokens: u32,
    /// Time between two tokens.
    #[serde(rename = "delay_ns", serialize_with = "nanoseconds")]
    pub delay: Duration,
    /// CPUs for the server under test.
    #[serde(serialize_with = "optional_text")]
    pub target_cpus: Option<Cpus>,
    /// CPUs for stub, load generator and recorder.
    #[serde(serialize_with = "optional_text")]
    pub driver_cpus: Option<Cpus>,
    /// Noise of this host, if it was measured.
    #[serde(skip)]
    pub noise: Option<Noise>,
    /// Folder for the results; `None` for a new folder of `results`.
    #[serde(skip)]
    pub out: Option<PathBuf>,
}

/// The limits of a run that chooses its number of rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AutoRounds {
    /// Measure at least so many rounds of each arm.
    pub min_rounds: u32,
    /// End once intervals reach less far to each side: 0.05 for 5 %.
    pub precision: f64,
    /// End before a round that would exceed this time.
    #[serde(rename = "max_time_ns", serialize_with = "nanoseconds")]
    pub max_time: Duration,
}

/// Content of `run.json`: the inputs, version and time.
#[derive(Serialize)]
pub struct RunFile<'a> {
    schema: &'static str,
    version: &'static str,
    started: String,
    #[serde(flatten)]
    request: &'a Request,
    placement: String,
}

impl<'a> RunFile<'a> {
    /// Returns the content for a run that starts now.
    pub fn now(request: &'a Request, placement: String) -> Self {
        RunFile {
            schema: RUN_SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            started: humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string(),
            request,
            placement,
        }
    }
}

/// Serializes nanoseconds, as all times in files are.
fn nanoseconds<S: Serializer>(duration: &Duration, out: S) -> Result<S::Ok, S::Error> {
    // 584 years fit.
    out.serialize_u64(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

fn optional_nanoseconds<S: Serializer>(
    duration: &Option<Duration>,
    out: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => nanoseconds(duration, out),
        None => out.serialize_none(),
    }
}

fn optional_text<S: Serializer>(cpus: &Option<Cpus>, out: S) -> Result<S::Ok, S::Error> {
    match cpus {
        Some(cpus) => out.collect_str(cpus),
        None => out.serialize_none(),
    }
}
