//! The targets, and the choices of the user.

use crate::column::Column;
use crate::history::History;
use crate::rows::{Choice, Grouping};
use crate::{Baseline, Frame};
use recording::vocabulary::Runtime;
use recording::{Recording, Target};
use report::clean::clean;

/// Nanoseconds of a second.
pub const SECOND_NS: u64 = 1_000_000_000;

/// Whether a target is observed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// The programs are being attached.
    #[default]
    Attaching,
    /// It is observed.
    Running,
    /// Its last process has ended.
    Ended,
    /// It can be observed no more, for this reason.
    Failed(String),
}

/// One target.
#[derive(Debug)]
pub struct TargetView {
    /// Name without control characters.
    pub name: String,
    /// First process.
    pub pid: u32,
    /// Runtime family.
    pub runtime: Runtime,
    /// Whether it is observed.
    pub state: State,
    baseline: Baseline,
    /// Its frames.
    pub history: History,
    latest: Option<Frame>,
    /// Whether the latest frame is among those that are complete; see [`View::take_complete`].
    pub is_fresh: bool,
    is_new: bool,
}

impl TargetView {
    fn new(name: &str, pid: u32, per_frame: usize) -> Self {
        TargetView {
            name: clean(name),
            pid,
            runtime: Runtime::default(),
            state: State::default(),
            baseline: Baseline::default(),
            history: History::new(per_frame),
            latest: None,
            is_fresh: false,
            is_new: false,
        }
    }

    fn describe(&mut self, target: &Target) {
        self.name = clean(&target.arm);
        (self.pid, self.runtime) = (target.pid, target.runtime);
    }
}

/// The whole view: targets, and choices that hold for all of them.
#[derive(Debug)]
pub struct View {
    /// One target, or two side by side.
    pub targets: Vec<TargetView>,
    /// Which rows there are, and in which order.
    pub choice: Choice,
    /// Whether keys go to the filter.
    pub edits_filter: bool,
    /// The instant that is shown; `None` for now.
    pub shown_ns: Option<u64>,
    /// First row that is shown.
    pub scroll: usize,
    /// Whether the help covers the tables.
    pub help: bool,
    /// A note for the user.
    pub message: String,
    /// Time from one frame to the next.
    pub frame_ns: u64,
    /// The clock of the view: time since it began.
    pub now_ns: u64,
}

impl View {
    /// Begins a view of targets, given as name and process. `per_frame` snapshots make a frame.
    pub fn new(targets: &[(String, u32)], choice: Choice, frame_ns: u64, per_frame: usize) -> Self {
        let target = |(name, pid): &(String, u32)| TargetView::new(name, *pid, per_frame);
        View {
            targets: targets.iter().map(target).collect(),
            choice,
            edits_filter: false,
            shown_ns: None,
            scroll: 0,
            help: false,
            message: String::new(),
            frame_ns,
            now_ns: 0,
        }
    }

    /// Takes a snapshot of a target.
    pub fn add(&mut self, target: usize, snapshot: Recording, now_ns: u64) {
        self.now_ns = now_ns;
        let Some(target) = self.targets.get_mut(target) else {
            return;
        };
        target.describe(&snapshot.target);
        target.state = State::Running;
        if let Some(frame) = target.baseline.frame(snapshot, now_ns) {
            target.history.push(frame);
            target.latest = target.history.latest();
            target.is_new = true;
        }
    }

    /// Notes that a target's next snapshot counts from another start.
    pub fn begin_again(&mut self, target: usize) {
        if let Some(target) = self.targets.get_mut(target) {
            target.baseline = Baseline::default();
        }
    }

    /// Returns whether every target that is observed has a new frame since the last call. If so,
    /// these frames are [`TargetView::is_fresh`] until the next call.
    pub fn take_complete(&mut self) -> bool {
        let waits = |target: &TargetView| !target.is_new && target.state != State::Ended;
        let has_new = self.targets.iter().any(|target| target.is_new);
        let complete = has_new && !self.targets.iter().any(waits);
        if complete {
            for target in &mut self.targets {
                target.is_fresh = std::mem::take(&mut target.is_new);
            }
        }
        complete
    }

    /// Returns the frame of a target that is shown.
    pub fn frame<'a>(&self, target: &'a TargetView) -> Option<&'a Frame> {
        match self.shown_ns {
            Some(t_ns) => target.history.at(t_ns),
            None => target.latest.as_ref(),
        }
    }

    /// Stops at what is shown, or goes on with now.
    pub fn pause(&mut self) {
        self.shown_ns = match self.shown_ns {
            Some(_) => None,
            None => self.newest_ns(),
        };
    }

    /// Goes so many frames back in the history; forth if negative.
    pub fn go_back(&mut self, frames: i64) {
        let (Some(oldest), Some(newest)) = (self.oldest_ns(), self.newest_ns()) else {
            return;
        };
        let shown = self.shown_ns.unwrap_or(newest);
        let by = frames.unsigned_abs() * self.frame_ns;
        let wanted = match frames < 0 {
            true => shown.saturating_add(by),
            false => shown.saturating_sub(by),
        };
        self.shown_ns = Some(wanted.clamp(oldest, newest));
    }

    /// Goes to the oldest frame.
    pub fn go_to_oldest(&mut self) {
        self.shown_ns = self.oldest_ns();
    }

    fn oldest_ns(&self) -> Option<u64> {
        self.spans().map(|(oldest, _)| oldest).min()
    }

    fn newest_ns(&self) -> Option<u64> {
        self.spans().map(|(_, newest)| newest).max()
    }

    fn spans(&self) -> impl Iterator<Item = (u64, u64)> {
        let targets = self.targets.iter();
        targets.filter_map(|target| target.history.span_ns())
    }

    /// Sorts by the column so many places to the right.
    pub fn sort_by(&mut self, places: isize) {
        self.choice.sort = self.choice.sort.moved(places);
    }

    /// Changes between roles and threads.
    pub fn regroup(&mut self) {
        self.scroll = 0;
        self.choice.grouping = match self.choice.grouping {
            Grouping::Roles => Grouping::Threads,
            Grouping::Threads => Grouping::Roles,
        };
    }

    /// Scrolls so many rows down; up if negative. Drawing keeps it within the table.
    pub fn scroll_by(&mut self, rows: isize) {
        self.scroll = self.scroll.saturating_add_signed(rows);
    }

    /// Returns the sorted column.
    pub fn sorted(&self) -> Column {
        self.choice.sort
    }
}

#[cfg(test)]
mod tests;
