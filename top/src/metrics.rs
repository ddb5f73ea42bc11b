//! Counts of a running recording as metrics for monitoring systems.
//!
//! All counters begin at zero with the recording, and only grow.

use crate::{Baseline, Cost, Frame, frame::OTHERS};
use recording::histogram::{lower_bound, upper_bound};
use recording::{Histogram, Recording};
use report::clean::clean;
use report::metrics::{Durations, Metric, Number, Point, Value, otlp, prometheus};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Begins the names of metrics.
const PREFIX: &str = "kontrast";
/// Upper bounds of buckets: powers of two of nanoseconds, from 1 µs to 1 s.
const FIRST_BOUND: u32 = 10;
const LAST_BOUND: u32 = 30;

/// Sums over the snapshots of one recording, since its window opened.
#[derive(Debug, Default)]
pub struct Totals {
    baseline: Option<Baseline>,
    /// Name of the arm.
    pub arm: String,
    /// First process.
    pub pid: u32,
    /// When the window opened, ns since the Unix epoch.
    pub start_unix_ns: u64,
    roles: BTreeMap<String, Cost>,
    sums: Frame,
}

/// A count, with its unit.
#[derive(Clone, Copy)]
enum Amount {
    Count(u64),
    Bytes(u64),
    Nanoseconds(u64),
}

impl Amount {
    fn unit(self) -> &'static str {
        match self {
            Amount::Count(_) => "1",
            Amount::Bytes(_) => "By",
            Amount::Nanoseconds(_) => "s",
        }
    }

    fn number(self) -> Number {
        match self {
            Amount::Count(count) | Amount::Bytes(count) => Number::Whole(count),
            Amount::Nanoseconds(ns) => Number::Seconds(seconds(ns as f64)),
        }
    }
}

impl Totals {
    /// Adds what has happened since the snapshot before, or since the window opened.
    pub fn add(&mut self, snapshot: Recording) {
        self.arm = clean(&snapshot.target.arm);
        self.pid = snapshot.target.pid;
        self.start_unix_ns = snapshot.window.start_unix_ns;
        let end_ns = snapshot.window.duration_ns;
        // A target works on while the first snapshot is taken.
        let baseline = self.baseline.get_or_insert_with(Baseline::at_opening);
        let Some(frame) = baseline.frame(snapshot, end_ns) else {
            return;
        };
        for row in &frame.rows {
            let role = match row.name == OTHERS {
                true => OTHERS.to_owned(),
                false => clean(row.role.label()),
            };
            self.roles.entry(role).or_default().add(&row.cost);
        }
        // A sum without a frame yet has no activity to add to.
        match self.sums.length_ns {
            0 => self.sums = frame,
            _ => self.sums.add(&frame),
        }
    }

    /// Returns all metrics in the text format of Prometheus.
    pub fn page(&self) -> String {
        let pid = self.pid.to_string();
        let labels = [("arm", self.arm.as_str()), ("pid", &pid)];
        prometheus::page(PREFIX, &labels, &self.metrics())
    }

    /// Returns all metrics in the binary form of Prometheus, with native histograms.
    pub fn families(&self) -> Vec<u8> {
        let pid = self.pid.to_string();
        let labels = [("arm", self.arm.as_str()), ("pid", &pid)];
        prometheus::protobuf::families(PREFIX, &labels, &self.metrics())
    }

    /// Returns the counts up to `unix_ns` for an OpenTelemetry collector.
    pub fn export(&self, unix_ns: u64) -> Json {
        let pid = otlp::integer("process.pid", self.pid.into());
        let source = otlp::Source {
            name: PREFIX,
            version: env!("CARGO_PKG_VERSION"),
            resource: vec![otlp::text("service.name", &self.arm), pid],
            start_unix_ns: self.start_unix_ns,
        };
        otlp::export(&source, &self.metrics(), unix_ns)
    }

    fn metrics(&self) -> Vec<Metric<'_>> {
        let mut metrics = self.by_role();
        metrics.extend(self.of_all());
        let histograms = [
            (
                "run_queue_latency",
                "Waits for a CPU.",
                Some(&self.sums.run_queue),
            ),
            (
                "proxy_latency",
                "From data readable at an upstream socket to the send that passes it on.",
                Some(&self.sums.proxy_latency),
            ),
            (
                "event_loop_iteration",
                "Iterations of event loops.",
                self.sums.activity.iterations.as_ref(),
            ),
        ];
        metrics.extend(histograms.into_iter().filter_map(|(name, help, times)| {
            Some(Metric {
                name,
                unit: "s",
                help,
                value: Value::Histogram(durations(times?)),
            })
        }));
        metrics
    }

    fn by_role(&self) -> Vec<Metric<'_>> {
        use Amount::{Bytes, Count, Nanoseconds};
        let of = |name, help, amount: fn(&Cost) -> Amount| {
            let points = self.roles.iter().map(|(role, cost)| Point {
                labels: vec![("role", role.as_str())],
                number: amount(cost).number(),
            });
            Metric {
                name,
                unit: amount(&Cost::default()).unit(),
                help,
                value: Value::Counter(points.collect()),
            }
        };
        vec![
            self.cpu(),
            of(
                "run_queue",
                "Time runnable, waiting for a CPU or throttled.",
                |cost| Nanoseconds(cost.run_queue_ns),
            ),
            of("blocked", "Time asleep or blocked.", |cost| {
                Nanoseconds(cost.blocked_ns)
            }),
            of("context_switches", "Context switches.", |cost| {
                Count(cost.switches)
            }),
            of("syscalls", "System calls that returned.", |cost| {
                Count(cost.syscalls)
            }),
            of(
                "syscall_io",
                "Bytes that system calls moved, files included.",
                |cost| Bytes(cost.bytes),
            ),
        ]
    }

    fn cpu(&self) -> Metric<'_> {
        let points = self.roles.iter().flat_map(|(role, cost)| {
            let parts = [
                ("user", cost.user_ns),
                ("syscall", cost.syscall_ns),
                ("fault", cost.fault_ns),
                ("gc", cost.gc_ns),
            ];
            parts.map(|(kind, ns)| Point {
                labels: vec![("role", role.as_str()), ("kind", kind)],
                number: Amount::Nanoseconds(ns).number(),
            })
        });
        Metric {
            name: "cpu",
            unit: "s",
            help: "On-CPU time in user code, system calls, page faults, and threads that collect garbage.",
            value: Value::Counter(points.collect()),
        }
    }

    fn of_all(&self) -> Vec<Metric<'_>> {
        use Amount::{Bytes, Count, Nanoseconds};
        let sums = &self.sums;
        let activity = &sums.activity;
        let counters = [
            (
                "tcp_received",
                "Bytes received from TCP sockets.",
                Some(Bytes(sums.received_bytes)),
            ),
            (
                "tcp_sent",
                "Bytes sent to TCP sockets.",
                Some(Bytes(sums.sent_bytes)),
            ),
            (
                "requests",
                "Turns from receive to send on accepted connections.",
                Some(Count(sums.requests)),
            ),
            (
                "gc_collections",
                "Garbage collections, or bursts of threads that collect.",
                activity.collections.map(Count),
            ),
            (
                "gc",
                "Wall-clock time of garbage collections.",
                activity.collecting_ns.map(Nanoseconds),
            ),
            (
                "lost_events",
                "Events that the eBPF programs could not store.",
                Some(Count(sums.lost_events)),
            ),
            (
                "observer_cpu",
                "CPU time of kontrast itself.",
                Some(Nanoseconds(sums.own_cpu_ns)),
            ),
        ];
        let known = counters.into_iter().filter_map(|(name, help, amount)| {
            Some(Metric {
                name,
                unit: amount?.unit(),
                help,
                value: Value::Counter(vec![Point {
                    labels: Vec::new(),
                    number: amount?.number(),
                }]),
            })
        });
        let threads = Metric {
            name: "threads",
            unit: "1",
            help: "Threads of the target.",
            value: Value::Gauge(sums.threads as u64),
        };
        known.chain([threads]).collect()
    }
}

/// Returns the durations by powers of two, and by the buckets of the recording.
fn durations(times: &Histogram) -> Durations {
    let within = |power: u32| {
        let bound = 1 << power;
        let below = times.histogram.iter();
        let below = below.filter(|(bucket, _)| lower_bound(*bucket as usize) < bound);
        (seconds(bound as f64), below.map(|(_, count)| count).sum())
    };
    let values: Vec<(f64, u64)> = times.histogram.iter().map(middle).collect();
    Durations {
        within: (FIRST_BOUND..=LAST_BOUND).map(within).collect(),
        sum: values
            .iter()
            .map(|(value, count)| value * *count as f64)
            .sum(),
        count: times.count,
        values: Some(values),
    }
}

/// Returns the middle of a bucket, s, with its count.
fn middle(&(bucket, count): &(u32, u64)) -> (f64, u64) {
    let bucket = bucket as usize;
    let middle = (lower_bound(bucket) as f64 + upper_bound(bucket) as f64) / 2.0;
    (seconds(middle), count)
}

fn seconds(ns: f64) -> f64 {
    ns / 1e9
}

#[cfg(test)]
mod tests;
