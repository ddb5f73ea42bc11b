//! A timeline as a trace for Perfetto.
//!
//! Switches, wake-ups and system calls are ftrace events, from which Perfetto makes the state of
//! each thread (on a CPU, runnable, asleep), its waker and its slices. Page faults, collections and
//! tokens are track events.

mod complete;
mod ftrace;
mod message;
mod threads;
mod tokens;
mod tracks;

use crate::Error;
use crate::clean::clean;
use complete::complete;
use ftrace::Ftrace;
use message::{
    Clock, ClockSnapshot, FtraceBundle, Packet, Process, ProcessTree, SystemInfo, Thread, Utsname,
};
use prost::Message;
use recording::timeline::{Event, EventKind, WAKER_OTHER};
use recording::{Recording, Timeline};
use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use tracks::Tracks;

/// `BUILTIN_CLOCK_BOOTTIME`, the clock of packets that name none.
const BOOT_CLOCK: u32 = 6;
/// `BUILTIN_CLOCK_MONOTONIC`.
const MONOTONIC_CLOCK: u32 = 3;
/// Stands for the threads of other processes. No thread of Linux has this id.
const OTHER: i32 = (1 << 22) + 1;
/// Stands for interrupts, as the waker of a thread.
const INTERRUPT: i32 = OTHER + 1;
/// Events of one packet.
const BUNDLE: usize = 4096;
/// Sequence of all packets.
const SEQUENCE: u32 = 1;

/// Writes a timeline, whose threads are those of its recording.
///
/// # Errors
/// `out` cannot be written to.
pub fn write(recording: &Recording, timeline: &Timeline, out: &mut dyn Write) -> Result<(), Error> {
    let names: HashMap<u32, String> = recording
        .threads
        .iter()
        .map(|thread| (thread.tid, short(clean(&thread.name))))
        .collect();
    let cpus = complete(recording, timeline);
    let mut events: Vec<&Event> = cpus.iter().flatten().collect();
    events.sort_by_key(|event| event.time_ns);
    put(out, clock(timeline))?;
    put(out, system(recording))?;
    put(out, processes(recording, &events))?;
    let ftrace = Ftrace { names: &names };
    for (cpu, of_cpu) in cpus.iter().enumerate() {
        for chunk in of_cpu.chunks(BUNDLE) {
            let bundle = FtraceBundle {
                cpu: Some(cpu as u32),
                event: chunk.iter().filter_map(|event| ftrace.of(event)).collect(),
            };
            let packet = Packet {
                ftrace_events: Some(bundle),
                ..Packet::default()
            };
            put(out, packet)?;
        }
    }
    let mut tracks = Tracks::new(recording, out);
    threads::write(&events, &mut tracks)?;
    threads::write_wake_ups(timeline, &events, &mut tracks)?;
    tokens::write(recording, timeline, &events, &mut tracks)
}

/// Writes a packet as an element of the field `packet` of a trace.
fn put(out: &mut dyn Write, mut packet: Packet) -> Result<(), Error> {
    const FIELD: u8 = 1 << 3 | 2;
    packet.trusted_packet_sequence_id = Some(SEQUENCE);
    out.write_all(&[FIELD])?;
    out.write_all(&packet.encode_length_delimited_to_vec())?;
    Ok(())
}

/// Times are monotonic. The trace's clock is set equal to it.
fn clock(timeline: &Timeline) -> Packet {
    let at = |clock_id| Clock {
        clock_id,
        timestamp: timeline.start_ns,
    };
    Packet {
        clock_snapshot: Some(ClockSnapshot {
            clocks: vec![at(BOOT_CLOCK), at(MONOTONIC_CLOCK)],
            primary_trace_clock: BOOT_CLOCK,
        }),
        ..Packet::default()
    }
}

/// The names of system calls follow from the architecture.
fn system(recording: &Recording) -> Packet {
    Packet {
        system_info: Some(SystemInfo {
            utsname: Some(Utsname {
                sysname: "Linux".into(),
                release: recording.host.kernel.clone(),
                machine: recording.host.arch.clone(),
            }),
        }),
        ..Packet::default()
    }
}

/// Threads of other processes that wake a thread of the target are known by their ids only.
/// Perfetto cuts names of processes at a space.
fn processes(recording: &Recording, events: &[&Event]) -> Packet {
    let process = |pid, name: String| Process {
        pid,
        cmdline: vec![name],
    };
    let target = &recording.target;
    let command = target.cmdline.first().map_or("", String::as_str);
    let command = command.rsplit('/').next().unwrap_or_default();
    let thread = |tid: u32, name: String, tgid| Thread {
        tid: tid as i32,
        name,
        tgid,
    };
    let of_target = recording.processes.iter();
    // The kernel's name of a process is that of its main thread.
    let of_target = of_target.map(|one| match one.pid == target.pid && !command.is_empty() {
        true => process(one.pid as i32, clean(command)),
        false => process(one.pid as i32, clean(&one.name)),
    });
    let others = [(OTHER, "others"), (INTERRUPT, "interrupt")];
    let others = others.map(|(pid, name)| process(pid, name.into()));
    let threads = recording.threads.iter();
    let threads = threads.map(|one| thread(one.tid, clean(&one.name), one.pid as i32));
    let wakers = events.iter().filter(|event| {
        let wakes = EventKind::of(event.kind) == Some(EventKind::Waking);
        wakes && event.second == WAKER_OTHER
    });
    let wakers: BTreeSet<u32> = wakers.map(|event| event.first as u32).collect();
    let wakers = wakers.into_iter();
    let wakers = wakers.map(|tid| thread(tid, "other process".into(), OTHER));
    let interrupt = thread(INTERRUPT as u32, "interrupt".into(), INTERRUPT);
    Packet {
        process_tree: Some(ProcessTree {
            processes: of_target.chain(others).collect(),
            threads: threads.chain(wakers).chain([interrupt]).collect(),
        }),
        ..Packet::default()
    }
}

/// Cuts a name to the length of the kernel's: bytes that were no text take more room as characters.
fn short(mut name: String) -> String {
    const LONGEST: usize = 16;
    name.truncate(name.floor_char_boundary(LONGEST));
    name
}
