//! Memory of the target at the end of the window and over time, and the code that takes and returns
//! it.

use crate::process::Frame;
use crate::vocabulary::{CodePlace, MemoryEvent, RegionClass};
use serde::{Deserialize, Serialize};

/// Memory of the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Resident set at the end of the window.
    pub rss_bytes: u64,
    /// Resident set at the end of the window, with pages that several processes share counted once
    /// (PSS). `rss_bytes` counts them once for each process of the target.
    #[serde(default)]
    pub pss_bytes: u64,
    /// Highest resident set since the process began (`VmHWM`).
    pub peak_rss_bytes: u64,
    /// Resident set by class of region; adds up to the `smaps` total of the same instant.
    pub regions: Vec<Region>,
    /// One entry a second.
    pub series: Vec<MemoryPoint>,
    /// One entry every two seconds, or more rarely: see [`RegionWalk::interval_ns`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub region_series: Vec<RegionPoint>,
    /// How the pages of `regions` and `region_series` were counted.
    #[serde(default)]
    pub region_walk: RegionWalk,
}

/// Walks over all pages of the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionWalk {
    /// Whether mappings were walked in pieces of 2 MiB, since a walk by `smaps` would have held up
    /// the process. PSS then counts a page that other programs map too in full.
    pub in_pieces: bool,
    /// The longest walk.
    pub longest_ns: u64,
    /// Longest time from one entry of `region_series` to the next. It grows with the time that a
    /// walk takes, so that walks take at most 1 % of a CPU.
    pub interval_ns: u64,
}

/// Memory by class of region, and the open connections, at one instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionPoint {
    /// Instant, relative to the window's start.
    pub t_ns: u64,
    /// Connections open at the ports that the target listens on.
    pub connections: u64,
    /// Resident set by class of region.
    pub regions: Vec<Region>,
}

/// Resident memory in regions of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Class of the regions.
    pub class: RegionClass,
    /// Resident bytes.
    pub rss_bytes: u64,
    /// Resident bytes, shared pages divided by the number of processes that map them.
    pub pss_bytes: u64,
}

/// Memory at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryPoint {
    /// Instant, relative to the window's start.
    pub t_ns: u64,
    /// Resident set.
    pub rss_bytes: u64,
}

/// Page faults, or memory-management calls, of one call site, made by one thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryStack {
    /// Index of the thread in `threads`; absent for the sum of smaller call sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<usize>,
    /// Kind of event.
    pub kind: MemoryEvent,
    /// Faults, or calls that succeeded.
    pub count: u64,
    /// Bytes that the calls asked for, taken minus returned, whether or not pages backed them. 0
    /// for faults, since the kernel does not report the size of the page.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes: i64,
    /// Call stack, innermost frame first. Of a fault it is the code that touched the page, or the
    /// system call in which the kernel did. Of a call it is the caller and its callers as far as
    /// frame pointers lead. Empty for the sum of smaller call sites, and for call sites that the
    /// map had no room for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Frame>,
}

fn is_zero(bytes: &i64) -> bool {
    *bytes == 0
}

impl MemoryStack {
    /// Returns the pages taken or returned, 4 KiB each and at least one an event: the weight for
    /// ranking.
    pub fn weight(&self) -> u64 {
        const PAGE: u64 = 4096;
        self.count.max(self.bytes.unsigned_abs() / PAGE)
    }

    /// Returns the frames of the stack without the places of unnamed code. Frames in a row that
    /// nothing else distinguishes are one.
    pub fn frames(&self) -> Vec<Frame> {
        let mut frames: Vec<Frame> = self.stack.iter().map(Frame::without_code).collect();
        frames.dedup();
        frames
    }

    /// Formats the first functions of the stack, innermost first, each with its file unless the
    /// next is in the same file: `munmap (libc.so.6) ← main.drop (server) ← …`. Never trusted,
    /// renderers escape it.
    pub fn functions(&self, most: usize) -> String {
        let frames = self.frames();
        let shown = &frames[..frames.len().min(most)];
        let mut text = String::new();
        for (place, frame) in shown.iter().enumerate() {
            if place > 0 {
                text += " ← ";
            }
            text += function(frame);
            let next = shown.get(place + 1);
            let same_file = next.is_some_and(|next| next.file == frame.file);
            if !frame.function.is_empty() && !frame.file.is_empty() && !same_file {
                text += &format!(" ({})", frame.file);
            }
        }
        if shown.len() < frames.len() {
            text += " ← …";
        }
        text
    }
}

/// Returns the best name that a frame has.
fn function(frame: &Frame) -> &str {
    if !frame.function.is_empty() {
        &frame.function
    } else if frame.class == CodePlace::Region(RegionClass::JitCode) {
        "compiled code"
    } else if !frame.file.is_empty() {
        &frame.file
    } else {
        frame.class.label()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_file_once_for_neighbours_in_it() {
        let frame = |function: &str, file: &str, class| Frame {
            function: function.into(),
            file: file.into(),
            class: CodePlace::Region(class),
            code: None,
        };
        let stack = MemoryStack {
            stack: vec![
                frame("munmap", "libc.so.6", RegionClass::Libraries),
                frame("main.drop", "server", RegionClass::BinaryText),
                frame("main.serve", "server", RegionClass::BinaryText),
                frame("", "", RegionClass::JitCode),
            ],
            ..MemoryStack::default()
        };
        let unnamed = |address| Frame {
            code: Some(crate::process::CodeAddress {
                build_id: "ab".into(),
                address,
            }),
            ..frame("", "bun", RegionClass::BinaryText)
        };
        let two = MemoryStack {
            stack: vec![unnamed(1), unnamed(2)],
            ..MemoryStack::default()
        };
        assert_eq!(two.functions(8), "bun", "places are no names");
        let all = "munmap (libc.so.6) ← main.drop ← main.serve (server) ← compiled code";
        assert_eq!(stack.functions(8), all);
        assert_eq!(stack.functions(1), "munmap (libc.so.6) ← …");
    }
}
