//! Reads the rings of the timeline.

use super::drain::mapped::Mapped;
use super::names;
use super::window::Span;
use anyhow::{Context, Result};
use aya::Ebpf;
use aya::maps::PerCpuArray;
use aya::util::nr_cpus;
use profiler_common::timeline::{Event, EventKind};
use recording::Timeline;
use std::collections::BTreeSet;
use std::time::Duration;

/// Size of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Time that it covers, up to the end of the window.
    pub length: Duration,
    /// Most bytes of the trace.
    pub bytes: u64,
}

/// Bytes that an event takes in a trace at most: a switch between threads with long names takes 70,
/// and a token's slices take fewer than its events.
const BYTES_OF_EVENT: u64 = 96;

impl Size {
    /// Returns how many events the ring of each CPU holds, a power of two.
    pub fn entries(self) -> u32 {
        const FEWEST: u64 = 1 << 8;
        const MOST: u64 = 1 << 26;
        let cpus = nr_cpus().unwrap_or(1) as u64;
        let entries = (self.bytes / BYTES_OF_EVENT / cpus).clamp(FEWEST, MOST);
        1 << entries.ilog2()
    }
}

/// Reads the events of the last part of a window that has closed.
///
/// # Errors
/// A map cannot be read.
pub fn read(bpf: &Ebpf, size: Size, span: Span) -> Result<Timeline> {
    let heads = bpf.map("TIMELINE_HEADS");
    let heads = heads.context("the object has no map TIMELINE_HEADS")?;
    let heads: PerCpuArray<_, u64> = PerCpuArray::try_from(heads)?;
    let heads = heads.get(&0, 0)?;
    let events = Mapped::<Event>::of(bpf, "TIMELINE_EVENTS")?;
    let entries = u64::from(size.entries());
    let rings = heads.iter().zip(0..).map(|(head, cpu)| {
        let kept = head.saturating_sub(entries)..*head;
        let place = |number| (cpu * entries + number % entries) as usize;
        kept.filter_map(|number| events.get(place(number)))
            .collect()
    });
    let rings: Vec<Vec<Event>> = rings.collect();
    let wanted_ns = u64::try_from(size.length.as_nanos()).unwrap_or(u64::MAX);
    let wanted_ns = span.end_ns.saturating_sub(wanted_ns).max(span.start_ns);
    let replaced = heads.iter().map(|head| head.saturating_sub(entries));
    let replaced: Vec<u64> = replaced.collect();
    Ok(cut(rings, &replaced, wanted_ns, span))
}

/// Cuts rings to the time from which all have every event. Of each ring, newer events have
/// `replaced` some older ones.
fn cut(mut rings: Vec<Vec<Event>>, replaced: &[u64], wanted_ns: u64, span: Span) -> Timeline {
    for ring in &mut rings {
        // An interrupt adds its event before that of the program that it interrupted.
        ring.sort_by_key(|event| event.time_ns);
    }
    let numbers = rings.iter().flatten().filter_map(call_of);
    let numbers: BTreeSet<u32> = numbers.collect();
    let firsts = rings.iter().zip(replaced).filter_map(|(ring, replaced)| {
        let first = ring.first().filter(|_| *replaced > 0)?;
        Some(first.time_ns)
    });
    let start_ns = firsts.fold(wanted_ns, u64::max);
    let mut overwritten = match start_ns > wanted_ns {
        true => replaced.iter().sum(),
        false => 0,
    };
    for ring in &mut rings {
        let before = ring.partition_point(|event| event.time_ns < start_ns);
        let wanted = ring.partition_point(|event| event.time_ns < wanted_ns);
        overwritten += (before - wanted) as u64;
        ring.drain(..before);
    }
    Timeline {
        start_ns,
        end_ns: span.end_ns,
        pieces: Vec::new(),
        cpus: rings,
        overwritten,
        syscall_names: numbers
            .into_iter()
            .map(|nr| (nr, names::syscall(nr)))
            .collect(),
    }
}

/// Returns the number of the system call that an event is about.
fn call_of(event: &Event) -> Option<u32> {
    let kind = EventKind::of(event.kind)?;
    matches!(kind, EventKind::Enter | EventKind::Exit).then_some(event.first as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(times: &[u64]) -> Vec<Event> {
        let event = |time_ns: &u64| Event {
            time_ns: *time_ns,
            ..Event::default()
        };
        times.iter().map(event).collect()
    }

    const SPAN: Span = Span {
        start_ns: 100,
        end_ns: 200,
    };

    #[test]
    fn begins_where_every_cpu_has_all_events() {
        let rings = vec![at(&[110, 150, 190]), at(&[160, 155, 170]), at(&[])];
        let timeline = cut(rings, &[0, 9, 0], 120, SPAN);
        assert_eq!((timeline.start_ns, timeline.overwritten), (155, 10));
        assert_eq!(timeline.cpus, [at(&[190]), at(&[155, 160, 170]), at(&[])]);
    }

    #[test]
    fn keeps_the_time_that_was_asked_for() {
        let timeline = cut(vec![at(&[110, 150, 190])], &[0], 150, SPAN);
        assert_eq!((timeline.start_ns, timeline.overwritten), (150, 0));
        assert_eq!(timeline.cpus, [at(&[150, 190])]);
    }

    #[test]
    fn gives_each_cpu_a_power_of_two_of_events() {
        let size = |bytes| Size {
            length: Duration::from_secs(1),
            bytes,
        };
        assert!(size(64 << 20).entries().is_power_of_two());
        let all = u64::from(size(64 << 20).entries()) * nr_cpus().expect("known") as u64;
        assert!(all * BYTES_OF_EVENT <= 64 << 20);
        assert_eq!(size(0).entries(), 256);
    }
}
