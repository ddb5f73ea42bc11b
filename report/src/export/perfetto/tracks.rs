//! Tracks of a trace: each is described when its first event is written.

use super::message::{
    Packet, ProcessTrack, ThreadTrack, TrackDescriptor, TrackEvent, TrackEventType,
};
use super::put;
use crate::Error;
use crate::clean::clean;
use recording::Recording;
use std::collections::{HashMap, HashSet};
use std::io::Write;

/// A track of the trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Track {
    /// The thread's own, where Perfetto places system calls as well.
    Thread(u32),
    /// Below the thread: its collections. On its own track they would overlap system calls, since
    /// the kernel reports their end inside of one.
    Collections(u32),
    /// Below the thread: where it wakes others, and where it runs after a wake-up.
    WakeUps(u32),
    /// Below the thread: where it has a token.
    Handling(u32),
    /// The process's own.
    Process(u32),
    /// Below a process: tokens that do not overlap, by number.
    Tokens(u32, u32),
}

impl Track {
    /// Returns the track's id. Thread ids have 22 bits.
    fn uuid(self) -> u64 {
        /// Tokens under way in one process at a time are fewer.
        const LANES: u64 = 1 << 32;
        let (kind, number) = match self {
            Track::Tokens(pid, lane) => {
                return (u64::from(pid) + 8) * LANES + u64::from(lane);
            }
            Track::Thread(tid) => (0, tid),
            Track::Process(pid) => (1, pid),
            Track::Collections(tid) => (2, tid),
            Track::WakeUps(tid) => (3, tid),
            Track::Handling(tid) => (4, tid),
        };
        kind << 32 | u64::from(number)
    }

    /// Returns the track above it, and its name.
    fn below(self) -> Option<(Track, &'static str)> {
        match self {
            Track::Thread(_) | Track::Process(_) => None,
            Track::Tokens(pid, _) => Some((Track::Process(pid), "tokens")),
            Track::Collections(tid) => Some((Track::Thread(tid), "collections")),
            Track::WakeUps(tid) => Some((Track::Thread(tid), "wake-ups")),
            Track::Handling(tid) => Some((Track::Thread(tid), "token steps")),
        }
    }
}

/// Arrows that meet at an event.
#[derive(Clone, Copy, Default)]
pub(super) enum Flow {
    /// None.
    #[default]
    None,
    /// The arrow with this id begins, or goes on.
    Through(u64),
    /// The arrow with this id ends.
    End(u64),
}

/// Writes track events.
pub(super) struct Tracks<'a> {
    out: &'a mut dyn Write,
    /// Process and name of each thread.
    threads: HashMap<u32, (u32, String)>,
    described: HashSet<Track>,
}

impl<'a> Tracks<'a> {
    pub(super) fn new(recording: &Recording, out: &'a mut dyn Write) -> Self {
        let threads = recording.threads.iter();
        Tracks {
            out,
            threads: threads
                .map(|thread| (thread.tid, (thread.pid, clean(&thread.name))))
                .collect(),
            described: HashSet::new(),
        }
    }

    /// Returns the name of a thread, if it is in the recording.
    pub(super) fn name(&self, tid: u32) -> Option<&str> {
        self.threads.get(&tid).map(|(_, name)| name.as_str())
    }

    /// Returns the process of a thread; 0 if it is not in the recording.
    pub(super) fn process(&self, tid: u32) -> u32 {
        self.threads.get(&tid).map_or(0, |(pid, _)| *pid)
    }

    pub(super) fn instant(&mut self, at: u64, on: Track, name: &str, flow: Flow) -> Result {
        self.event(at, on, TrackEventType::Instant, Some(name), flow)
    }

    pub(super) fn begin(&mut self, at: u64, on: Track, name: &str, flow: Flow) -> Result {
        self.event(at, on, TrackEventType::SliceBegin, Some(name), flow)
    }

    pub(super) fn end(&mut self, at: u64, on: Track) -> Result {
        self.event(at, on, TrackEventType::SliceEnd, None, Flow::None)
    }

    fn event(
        &mut self,
        at: u64,
        on: Track,
        shape: TrackEventType,
        name: Option<&str>,
        flow: Flow,
    ) -> Result {
        self.describe(on)?;
        let mut event = TrackEvent {
            r#type: Some(shape.into()),
            track_uuid: on.uuid(),
            categories: vec!["kontrast".into()],
            name: name.map(Into::into),
            ..TrackEvent::default()
        };
        match flow {
            Flow::None => {}
            Flow::Through(id) => event.flow_ids.push(id),
            Flow::End(id) => event.terminating_flow_ids.push(id),
        }
        let packet = Packet {
            timestamp: Some(at),
            track_event: Some(event),
            ..Packet::default()
        };
        put(self.out, packet)
    }

    fn describe(&mut self, track: Track) -> Result {
        if !self.described.insert(track) {
            return Ok(());
        }
        let mut descriptor = TrackDescriptor {
            uuid: track.uuid(),
            ..TrackDescriptor::default()
        };
        if let Some((parent, name)) = track.below() {
            self.describe(parent)?;
            descriptor.parent_uuid = Some(parent.uuid());
            descriptor.name = Some(name.into());
        }
        match track {
            Track::Thread(tid) => {
                let (pid, thread_name) = self.threads.get(&tid).cloned().unwrap_or_default();
                descriptor.thread = Some(ThreadTrack {
                    pid: pid as i32,
                    tid: tid.into(),
                    thread_name,
                });
            }
            Track::Process(pid) => descriptor.process = Some(ProcessTrack { pid: pid as i32 }),
            _ => {}
        }
        let packet = Packet {
            track_descriptor: Some(descriptor),
            ..Packet::default()
        };
        put(self.out, packet)
    }
}

type Result = std::result::Result<(), Error>;
