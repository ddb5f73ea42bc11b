//! The difference between two snapshots of a recording.

use crate::frame::Activity;
use crate::thread_growth;
use crate::{Cost, Frame, Row};
use analysis::runtime::assign_roles;
use recording::process::Thread;
use recording::{Recording, RuntimeStats};
use report::clean::clean;
use std::collections::BTreeMap;

/// The last snapshot of a recording, which the next one is compared with.
#[derive(Debug, Default)]
pub struct Baseline {
    sums: Option<Recording>,
    /// Threads by process, id and start: ids are used again.
    threads: BTreeMap<(u32, u32, Option<u64>), Thread>,
}

impl Baseline {
    /// The state at the opening of the window, when nothing has been counted.
    pub fn at_opening() -> Self {
        Baseline {
            sums: Some(Recording::default()),
            threads: BTreeMap::new(),
        }
    }

    /// Returns the frame from the last snapshot to this one, which ends at `end_ns`. `None` for the
    /// first.
    pub fn frame(&mut self, mut snapshot: Recording, end_ns: u64) -> Option<Frame> {
        // The counts since the start say more about the work of a thread than those of a frame.
        assign_roles(&mut snapshot);
        let threads = std::mem::take(&mut snapshot.threads);
        let before = self.sums.replace(snapshot);
        let now = self.sums.as_ref()?;
        let Some(before) = before else {
            self.keep(threads);
            return None;
        };
        let length_ns = grown(now, &before, |of| of.window.duration_ns);
        let entry_exit_ns = now.observer.syscall_entry_exit_ns;
        let nothing = Thread::default();
        let grown_threads: Vec<Thread> = threads
            .iter()
            .map(|thread| {
                let known = self.threads.get(&key(thread));
                thread_growth::since(thread, known.unwrap_or(&nothing))
            })
            .collect();
        let rows = grown_threads.iter().map(|thread| Row {
            pid: thread.pid,
            tid: thread.tid,
            name: clean(&thread.name),
            role: thread.role.clone(),
            threads: 1,
            cost: Cost::of(thread, entry_exit_ns, length_ns),
        });
        let mut frame = Frame {
            end_ns,
            length_ns,
            threads: threads.len(),
            rows: rows.collect(),
            activity: activity(now, &before, &grown_threads),
            ..sums(now, &before)
        };
        for row in &frame.rows {
            frame.total.add(&row.cost);
        }
        frame.keep_busiest();
        self.keep(threads);
        Some(frame)
    }

    /// Keeps the counts of live threads. One that a snapshot has missed is kept too: it ends in a
    /// later one.
    fn keep(&mut self, threads: Vec<Thread>) {
        for thread in threads {
            match thread.exited_ns {
                Some(_) => self.threads.remove(&key(&thread)),
                None => self.threads.insert(key(&thread), thread),
            };
        }
    }
}

fn key(thread: &Thread) -> (u32, u32, Option<u64>) {
    (thread.pid, thread.tid, thread.started_ns)
}

fn grown(now: &Recording, before: &Recording, field: fn(&Recording) -> u64) -> u64 {
    field(now).saturating_sub(field(before))
}

/// Returns the growth of the target's counts.
fn sums(now: &Recording, before: &Recording) -> Frame {
    let latency = |name: &str| {
        let of = |recording: &Recording| recording.latency.get(name).cloned();
        let before = of(before).unwrap_or_default();
        of(now).unwrap_or_default().since(&before)
    };
    Frame {
        run_queue: latency("run_queue"),
        proxy_latency: latency("proxy_latency"),
        received_bytes: grown(now, before, |of| of.sockets.recv_bytes),
        sent_bytes: grown(now, before, |of| of.sockets.send_bytes),
        requests: grown(now, before, |of| of.sockets.requests),
        lost_events: grown(now, before, |of| of.observer.lost_events),
        own_cpu_ns: grown(now, before, |of| of.observer.cpu_ns),
        ..Frame::default()
    }
}

fn activity(now: &Recording, before: &Recording, threads: &[Thread]) -> Activity {
    let [(count, ns), (count_before, ns_before)] =
        [now, before].map(|of| collections(&of.runtime_stats));
    let since = |now: Option<u64>, before: Option<u64>| {
        Some(now?.saturating_sub(before.unwrap_or_default()))
    };
    let loops = threads.iter().filter(|thread| thread.role.is_event_loop());
    let loops = loops.filter_map(|thread| thread.event_loop.as_ref());
    Activity {
        collections: since(count, count_before),
        collecting_ns: since(ns, ns_before),
        collecting_cpu_ns: since(
            collecting_cpu_ns(&now.runtime_stats),
            collecting_cpu_ns(&before.runtime_stats),
        ),
        iterations: loops
            .map(|one| one.iterations.clone())
            .reduce(|one, two| one.merged(&two)),
    }
}

/// Returns the number of collections and their wall-clock time: those that probes counted, else
/// bursts of threads that collect.
fn collections(stats: &RuntimeStats) -> (Option<u64>, Option<u64>) {
    match (&stats.gc_calls, &stats.gc_bursts) {
        (Some(calls), _) => (Some(calls.count), calls.times.map(|times| times.wall_ns)),
        (None, Some(bursts)) => (Some(bursts.spans.count), Some(bursts.span_ns)),
        (None, None) => (None, None),
    }
}

/// Returns the on-CPU time of collections, where probes see their calls and returns.
fn collecting_cpu_ns(stats: &RuntimeStats) -> Option<u64> {
    let times = stats.gc_calls.as_ref()?.times?;
    Some(times.on_cpu_ns)
}

#[cfg(test)]
mod tests;
