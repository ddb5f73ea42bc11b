//! Recording one process: load and attach the eBPF programs, drain their maps, write a recording.
//!
//! *Invariant:* nothing here explains; a recording holds what was measured, and the checks that hold it to account.

mod accounts;
pub mod activity;
pub mod assemble;
mod attach;
pub mod bpf_stats;
pub mod checks;
mod detail;
pub mod diagnose;
pub mod drain;
mod go;
pub mod host;
mod jit;
pub mod kernel_truth;
mod lifetimes;
mod links;
pub mod memory;
pub mod names;
pub mod offsets;
pub mod others;
pub mod output;
pub mod privilege;
pub mod probe_groups;
pub mod programs;
pub mod session;
pub mod sites;
pub mod sockets;
pub mod spawn;
mod stolen;
pub mod stop;
pub mod symbols;
pub mod syscall_overhead;
pub mod target;
mod turns;

use accounts::Accounts;
use anyhow::Result;
use probe_groups::HookKind;
use recording::observer::Mode;
use recording::{Ended, Recording};
use session::Session;
use std::path::PathBuf;
use std::time::Duration;
use stop::{Stop, Until};
use target::Process;
use turns::Turns;

/// What is wanted of a recording.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the arm.
    pub arm: Option<String>,
    /// Runtime family; guessed if not given.
    pub runtime: Option<String>,
    /// Version of the runtime.
    pub runtime_version: String,
    /// How processes were placed on CPUs, in words.
    pub placement: String,
    /// Whether the programs' own diagnostics are wanted.
    pub log_programs: bool,
    /// Kinds of hook that may be used, best first.
    pub hooks: Vec<HookKind>,
    /// How much is observed.
    pub mode: Mode,
    /// Which round of a comparison it is, so that turns are taken in another order in each.
    pub round: u32,
    /// The folder that the runtime writes to, if it was made to help.
    pub detail: Option<PathBuf>,
}

/// Records until told to stop. `attached` is called once the window is open.
pub fn record(
    processes: Vec<Process>,
    options: &Options,
    until: Until,
    attached: impl FnOnce(),
) -> Result<Recording> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut stop = Stop::new(until)?;
        match options.mode {
            Mode::None | Mode::Hooks | Mode::Counters => {
                let mut accounts = Accounts::begin(processes, options)?;
                stop.window_opened();
                attached();
                let ended = follow(&mut stop, |glance| Ok(accounts.glance(glance))).await?;
                accounts.end(ended, options)
            }
            Mode::Turns => {
                let mut turns = Turns::begin(processes, options)?;
                stop.window_opened();
                attached();
                let ended = follow(&mut stop, |glance| turns.glance(glance)).await?;
                turns.end(ended, options)
            }
            Mode::All => {
                let mut session = Session::begin(processes, options)?;
                stop.window_opened();
                attached();
                let ended = follow_session(&mut session, &mut stop, options).await?;
                session.end(ended, options)
            }
        }
    })
}

/// Glances between two points of the series: one a second.
const GLANCES_A_POINT: u32 = 10;

async fn follow_session(
    session: &mut Session,
    stop: &mut Stop,
    options: &Options,
) -> Result<Ended> {
    /// Half a second of the programs' own cost is enough to know it by.
    const GLANCES_MEASURED: u32 = 5;
    let mut logger = if options.log_programs {
        Some(aya_log::EbpfLogger::init(session.bpf())?)
    } else {
        None
    };
    follow(stop, |glance| {
        if glance == GLANCES_MEASURED {
            session.stop_measuring_programs();
        }
        session.take_exits();
        if let Some(logger) = &mut logger {
            logger.flush();
        }
        if glance.is_multiple_of(GLANCES_A_POINT) {
            session.tick()?;
        }
        Ok(session.target_ended())
    })
    .await
}

/// Glances at the target again and again, until the recording is to end or a glance finds that the target has.
async fn follow(
    stop: &mut Stop,
    mut glance_finds_end: impl FnMut(u32) -> Result<bool>,
) -> Result<Ended> {
    /// The ring buffer of thread ends holds two thousand: at this pace, twenty thousand threads a second may end.
    const GLANCE: Duration = Duration::from_millis(100);
    let mut glances = tokio::time::interval(GLANCE);
    glances.tick().await;
    let mut glance = 0;
    loop {
        tokio::select! {
            ended = stop.wait() => return Ok(ended),
            _ = glances.tick() => {
                glance += 1;
                if glance_finds_end(glance)? {
                    return Ok(Ended::TargetExited);
                }
            }
        }
    }
}
