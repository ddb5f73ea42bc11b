//! Recordings of three arms, two rounds each: Go, Bun, and a Bun that is a tenth faster. One check
//! of one round failed.
//!
//! All numbers follow from the tables here, so that what threads do adds up to what the process
//! does.

mod load;
mod numbers;
mod parts;
mod threads;

use numbers::{DURATION_NS, varied};
use recording::host::Host;
use recording::vocabulary::Runtime;
use recording::{Ended, RECORDING_SCHEMA, Recording, Target, Window};
use threads::Work;

/// One arm of the example.
pub struct Example {
    pub arm: &'static str,
    pub runtime: Runtime,
    version: &'static str,
    binary_bytes: u64,
    cmdline: &'static [&'static str],
    threads: &'static [Work],
    /// Factor of user time and latency.
    pub factor: f64,
    /// Resident memory by class of region, in MiB.
    pub memory: &'static [(recording::vocabulary::RegionClass, f64)],
}

/// Returns each recording with its path relative to the comparison.
pub fn three_arms() -> Vec<(String, Recording)> {
    let arms = [threads::go(), threads::bun(), threads::bun_1_4()];
    let rounds = arms.iter().flat_map(|example| {
        let round = |number| {
            let path = format!("{}/{number}/recording.json", example.arm);
            (path, recording(example, number))
        };
        [1, 2].map(round)
    });
    rounds.collect()
}

fn recording(example: &Example, round: u64) -> Recording {
    let noise = varied(example.arm, round);
    let mut recording = Recording {
        schema: RECORDING_SCHEMA.into(),
        target: Target {
            arm: example.arm.into(),
            pid: 4_100,
            start_time_ticks: 880_000 + round,
            runtime: example.runtime,
            runtime_version: example.version.into(),
            cmdline: example
                .cmdline
                .iter()
                .map(|word| word.to_string())
                .collect(),
            binary_bytes: example.binary_bytes,
            ..Target::default()
        },
        host: host(),
        window: Window {
            start_unix_ns: 1_795_312_800_000_000_000 + round * 20_000_000_000,
            duration_ns: DURATION_NS,
            ended: Ended::Asked,
        },
        threads: threads::all(example, noise),
        ..Recording::default()
    };
    parts::add(&mut recording, example, noise);
    recording.load = Some(load::summary(example, noise));
    recording.checks = load::checks(&recording, example.arm == "bun" && round == 2);
    recording
}

fn host() -> Host {
    Host {
        kernel: "6.18.0".into(),
        arch: "x86_64".into(),
        cpu_model: "Example CPU at 2.80 GHz".into(),
        cpus: 4,
        memory_bytes: 16 << 30,
        virtualization: "kvm".into(),
        steal_ns: 12_000_000,
        cgroup: "/".into(),
        cpu_placement: "target on CPUs 2-3, load and stub on CPUs 0-1".into(),
        noise: None,
    }
}
