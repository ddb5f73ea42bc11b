//! Recording processes: loads and attaches the eBPF programs, drains their maps, writes a
//! recording.
//!
//! *Invariant:* a recording holds facts (counts, measured times, samples) and the checks that hold
//! them against the kernel's own accounting. Estimates and explanations are made by `analysis`.

mod arch;
mod archives;
pub mod assemble;
mod attach;
pub mod block_io;
mod bpf_stats;
mod call_series;
pub mod checks;
pub mod code_samples;
mod cpu_clocks;
pub mod diagnose;
pub mod drain;
mod go;
pub mod host;
mod instrumented;
mod java;
mod jit;
pub mod launcher;
mod links;
pub mod live;
pub mod memory;
pub mod memory_stacks;
pub mod names;
mod objection;
pub mod offsets;
mod open_sockets;
mod overhead_recorder;
mod peers;
mod ports;
pub mod privilege;
pub mod probe_groups;
mod proc_recorder;
pub mod proc_snapshot;
pub mod process_code;
pub mod process_tree;
pub mod programs;
mod python;
pub mod quota;
pub mod run_queue_blame;
pub mod runtime;
pub mod runtime_stats;
pub mod select;
mod series;
pub mod session;
pub mod settings;
pub mod sockets;
pub mod stacks;
mod steal;
pub mod stop;
pub mod symbols;
pub mod syscall_overhead;
pub mod target;
pub mod tasks;
mod thread_exits;
pub mod threads;
pub mod timeline;
mod vdso;
pub mod wakers;
pub mod window;

use anyhow::Result;
pub use links::SAMPLE_HZ;
use overhead_recorder::OverheadRecorder;
use probe_groups::HookKind;
use proc_recorder::ProcRecorder;
pub use profiler_common::call_stack::KERNEL_STACK_EVERY;
use programs::Stacks;
use recording::observer::Mode;
use recording::vocabulary::Runtime;
use recording::{Ended, Recording};
use select::Cgroup;
use session::Session;
use session::snapshot::Progress;
use std::path::PathBuf;
use std::time::Duration;
use stop::{Stop, Until};
use target::Process;

/// Options of a recording.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the arm; by default that of the executable.
    pub arm: Option<String>,
    /// Runtime family; by default recognised by the content of the executable.
    pub runtime: Option<Runtime>,
    /// The file that the first process is about to execute, if it waits for that.
    pub program: Option<PathBuf>,
    /// Version of the runtime.
    pub runtime_version: String,
    /// Placement of processes on CPUs, in words.
    pub placement: String,
    /// Whether to log the programs' own diagnostics.
    pub log_programs: bool,
    /// Kinds of hook that may be used, best first.
    pub hooks: Vec<HookKind>,
    /// Which call stacks CPU samples keep.
    pub stacks: Stacks,
    /// Of so many samples in the kernel one keeps the callers in the kernel.
    pub kernel_stack_every: u32,
    /// Whether waits keep their call stacks.
    pub off_cpu_stacks: bool,
    /// Whether events are kept as a timeline.
    pub timeline: Option<timeline::Size>,
    /// TCP port that the load connects to, if known.
    pub load_port: Option<u16>,
    /// Names of the system calls whose counts have a series.
    pub followed_calls: Vec<String>,
    /// CPU samples a second on each CPU.
    pub sample_hz: u32,
    /// Which probes to attach.
    pub mode: Mode,
    /// Number of the round in its comparison: [`Mode::Overhead`] orders its modes by it.
    pub round: u32,
    /// Whether descendants of the processes belong to the target, those forked later included.
    pub follow_forks: bool,
    /// Cgroups whose processes belong to the target, those that join later included.
    pub cgroups: Vec<Cgroup>,
    /// Folder that an instrumented runtime writes symbols to.
    pub runtime_symbols: Option<PathBuf>,
    /// Folders with separate debug files.
    pub symbols: Vec<PathBuf>,
    /// How much of the past the recording covers when it ends; the whole window without. Only
    /// [`Mode::All`] can be cut so, without the options `off_cpu_stacks`, `timeline`,
    /// `followed_calls` and `runtime_symbols`.
    pub last: Option<Duration>,
}

/// A recording under way. Beginning one opens its window.
trait Recorder {
    /// Does the periodic work of the given tick (the first is 1); see [`TICK`]. Returns whether the
    /// target has ended.
    fn tick(&mut self, number: u32) -> Result<bool>;

    /// Returns the counts so far; `None` if they are known at the end only.
    fn snapshot(&mut self, _progress: &mut Progress) -> Result<Option<Recording>> {
        Ok(None)
    }

    /// Closes the window and assembles the recording.
    fn finish(self: Box<Self>, ended: Ended) -> Result<Recording>;
}

/// Work of the caller at both ends of the window, and its wish to end it.
pub trait Observed {
    /// The window has opened.
    fn opened(&mut self);

    /// Returns whether the window is to end. Asked at each tick.
    fn is_over(&mut self) -> bool {
        false
    }

    /// Returns whether [`Self::snapshot`] is to be called.
    fn watches(&self) -> bool {
        false
    }

    /// Takes the counts so far: when the window opens, each second, and before it closes. Only
    /// [`Mode::All`] has them.
    fn snapshot(&mut self, _counts: Recording) {}

    /// The window is about to close.
    fn closing(&mut self) {}
}

/// Time between two ticks. The ring buffer of thread exits holds four thousand, so that at this
/// pace 40,000 threads a second may end without a loss.
const TICK: Duration = Duration::from_millis(100);
/// Ticks from one point of the series to the next: one a second.
const TICKS_PER_POINT: u32 = 10;

/// Records until `until`, a signal, the end of the last process, or until `observed` wants the end.
///
/// # Errors
/// A program cannot be attached, or a map cannot be read.
pub fn record(
    processes: Vec<Process>,
    options: Options,
    until: Until,
    observed: &mut dyn Observed,
) -> Result<Recording> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut stop = Stop::new(until)?;
        let mut recorder = begin(processes, options)?;
        stop.window_opened();
        observed.opened();
        let mut watch = Watching::default();
        watch.look(recorder.as_mut(), observed)?;
        let ended = run(&mut stop, recorder.as_mut(), observed, &mut watch).await?;
        watch.look(recorder.as_mut(), observed)?;
        observed.closing();
        recorder.finish(ended)
    })
}

/// Gives counts to the caller while the window is open.
#[derive(Default)]
struct Watching(Progress);

impl Watching {
    fn look(&mut self, recorder: &mut dyn Recorder, observed: &mut dyn Observed) -> Result<()> {
        if observed.watches()
            && let Some(counts) = recorder.snapshot(&mut self.0)?
        {
            observed.snapshot(counts);
        }
        Ok(())
    }
}

fn begin(processes: Vec<Process>, options: Options) -> Result<Box<dyn Recorder>> {
    if matches!(options.mode, Mode::Counters | Mode::Overhead) {
        privilege::require_host_pids(options.mode.name())?;
    }
    Ok(match options.mode {
        Mode::None | Mode::AttachedIdle | Mode::Counters => {
            Box::new(ProcRecorder::begin(processes, &options)?)
        }
        Mode::Overhead => Box::new(OverheadRecorder::begin(processes, &options)?),
        Mode::All => Box::new(Session::begin(processes, &options)?),
    })
}

/// Ticks until the recording is to stop, or the target has ended.
async fn run(
    stop: &mut Stop,
    recorder: &mut dyn Recorder,
    observed: &mut dyn Observed,
    watch: &mut Watching,
) -> Result<Ended> {
    let mut ticks = tokio::time::interval(TICK);
    // The first tick of an interval comes at once.
    ticks.tick().await;
    let mut number = 0;
    loop {
        tokio::select! {
            ended = stop.wait() => return Ok(ended),
            _ = ticks.tick() => {
                number += 1;
                if recorder.tick(number)? {
                    return Ok(Ended::TargetExited);
                }
                if observed.is_over() {
                    return Ok(Ended::Asked);
                }
                if number.is_multiple_of(TICKS_PER_POINT) {
                    watch.look(recorder, observed)?;
                }
            }
        }
    }
}
