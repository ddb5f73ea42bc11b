//! What a run was asked to do, kept beside its results as `run.json`.

use crate::{cpus::Cpus, load::Load, service::Spec, workload::Workload};
use recording::host::Noise;
use serde::{Serialize, Serializer};
use std::{path::PathBuf, time::Duration};

/// The schema of `run.json`.
pub const RUN_SCHEMA: &str = "kontrast.run/2";
/// Its file name.
pub const RUN_FILE: &str = "run.json";

/// What a run is asked to do.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// Arms as the user wrote them.
    pub arms: Vec<String>,
    /// Where targets are that are given by name.
    pub targets_dir: PathBuf,
    /// What the arms serve.
    pub workload: Workload,
    /// A service that each round starts for the arm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Spec>,
    /// The load.
    pub load: Load,
    /// What must hold of each load, as the load generator understands it.
    pub thresholds: Vec<String>,
    /// Rounds of each arm.
    pub rounds: u32,
    /// Whether each arm has one more round in which its runtime helps.
    pub detail: bool,
    /// How often each round starts the arm, where starts are what is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<u32>,
    /// How long each round is recorded; `None` until the user's own load command ends.
    #[serde(rename = "duration_ns", serialize_with = "optional_nanoseconds")]
    pub duration: Option<Duration>,
    /// Load before each recording, which is not recorded; zero for none.
    #[serde(rename = "warmup_ns", serialize_with = "nanoseconds")]
    pub warmup: Duration,
    /// Content tokens the stub sends per answer.
    pub tokens: u32,
    /// Time between them.
    #[serde(rename = "delay_ns", serialize_with = "nanoseconds")]
    pub delay: Duration,
    /// CPUs for the server under test.
    #[serde(serialize_with = "optional_text")]
    pub target_cpus: Option<Cpus>,
    /// CPUs for stub, load generator and recorder.
    #[serde(serialize_with = "optional_text")]
    pub driver_cpus: Option<Cpus>,
    /// How far an arm differs from itself on this host, where that is known.
    #[serde(skip)]
    pub noise: Option<Noise>,
    /// Where results go; `None` for a new folder of `results`.
    #[serde(skip)]
    pub out: Option<PathBuf>,
}

/// `run.json`: the request, by whom and when.
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
    /// For a run that starts now.
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

/// Nanoseconds, as all times in files are.
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
