//! A timeline as a trace for Perfetto.
//!
//! Switches, wake-ups and system calls are ftrace events, from which Perfetto makes the state of
//! each thread (on a CPU, runnable, asleep), its waker and its slices. Page faults, collections and
//! tokens are track events.

mod message;
mod tracks;

use crate::Error;
use crate::clean::clean;
use message::{
    Clock, ClockSnapshot, FtraceBundle, FtraceEvent, Packet, Process, ProcessTree, SchedSwitch,
    SchedWaking, SysEnter, SysExit, SystemInfo, Thread, Utsname,
};
use prost::Message;
use recording::timeline::{Event, EventKind, OTHER_THREAD, PREEMPTED, WAKER_INTERRUPT};
use recording::{Recording, Timeline};
use std::collections::HashMap;
use std::io::Write;

/// `BUILTIN_CLOCK_BOOTTIME`, the clock of packets that name none.
const BOOT_CLOCK: u32 = 6;
/// `BUILTIN_CLOCK_MONOTONIC`.
const MONOTONIC_CLOCK: u32 = 3;
/// Stands for the threads of other processes. No thread of Linux has this id.
const OTHER: i32 = (1 << 22) + 1;
/// Priority of a thread with nice 0.
const DEFAULT_PRIORITY: i32 = 120;
/// Flag of an event in an interrupt (`TRACE_FLAG_HARDIRQ`).
const IN_INTERRUPT: u32 = 0x08;
/// State of a thread that was preempted (`TASK_REPORT_MAX`).
const PREEMPTED_STATE: i64 = 0x100;
/// Bits of the kernel's task state that a trace has (`TASK_REPORT`).
const REPORTED_STATES: u64 = 0x7f;
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
    put(out, clock(timeline))?;
    put(out, system(recording))?;
    put(out, processes(recording))?;
    for (cpu, events) in timeline.cpus.iter().enumerate() {
        for events in events.chunks(BUNDLE) {
            let event = events.iter().filter_map(|event| ftrace(event, &names));
            let bundle = FtraceBundle {
                cpu: cpu as u32,
                event: event.collect(),
            };
            put(
                out,
                Packet {
                    ftrace_events: Some(bundle),
                    ..Packet::default()
                },
            )?;
        }
    }
    tracks::packets(recording, timeline)
        .into_iter()
        .try_for_each(|packet| put(out, packet))
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

fn processes(recording: &Recording) -> Packet {
    let others = Process {
        pid: OTHER,
        cmdline: vec!["other processes".into()],
    };
    let processes = recording.processes.iter().map(|process| Process {
        pid: process.pid as i32,
        cmdline: vec![clean(&process.name)],
    });
    let threads = recording.threads.iter().map(|thread| Thread {
        tid: thread.tid as i32,
        name: clean(&thread.name),
        tgid: thread.pid as i32,
    });
    Packet {
        process_tree: Some(ProcessTree {
            processes: processes.chain([others]).collect(),
            threads: threads.collect(),
        }),
        ..Packet::default()
    }
}

/// Makes an ftrace event of an event that ftrace knows.
fn ftrace(event: &Event, names: &HashMap<u32, String>) -> Option<FtraceEvent> {
    let name = |tid: u32| match tid {
        0 => "swapper".into(),
        OTHER_THREAD => "other processes".into(),
        tid => names.get(&tid).cloned().unwrap_or_default(),
    };
    let mut made = FtraceEvent {
        timestamp: event.time_ns,
        pid: Some(id(event.tid) as u32),
        ..FtraceEvent::default()
    };
    match EventKind::of(event.kind)? {
        EventKind::Switch => {
            let next = event.first as u32;
            made.sched_switch = Some(SchedSwitch {
                prev_comm: name(event.tid),
                prev_pid: Some(id(event.tid)),
                prev_prio: Some(DEFAULT_PRIORITY),
                prev_state: Some(state(event.second)),
                next_comm: name(next),
                next_pid: Some(id(next)),
                next_prio: Some(DEFAULT_PRIORITY),
            });
        }
        EventKind::Waking => {
            made.pid = Some(event.first as u32);
            made.common_flags = (event.second == WAKER_INTERRUPT).then_some(IN_INTERRUPT);
            made.sched_waking = Some(SchedWaking {
                comm: name(event.tid),
                pid: Some(id(event.tid)),
                prio: Some(DEFAULT_PRIORITY),
                success: Some(1),
                target_cpu: Some(0),
            });
        }
        EventKind::Enter => {
            let id = Some(event.first as i64);
            made.sys_enter = Some(SysEnter { id });
        }
        EventKind::Exit => {
            made.sys_exit = Some(SysExit {
                id: Some(event.first as i64),
                ret: Some(event.second.cast_signed()),
            });
        }
        _ => return None,
    }
    Some(made)
}

/// Cuts a name to the length of the kernel's: bytes that were no text take more room as characters.
fn short(mut name: String) -> String {
    const LONGEST: usize = 16;
    name.truncate(name.floor_char_boundary(LONGEST));
    name
}

fn id(tid: u32) -> i32 {
    match tid {
        OTHER_THREAD => OTHER,
        tid => tid as i32,
    }
}

fn state(state: u64) -> i64 {
    match state & PREEMPTED != 0 {
        true => PREEMPTED_STATE,
        false => (state & REPORTED_STATES) as i64,
    }
}
