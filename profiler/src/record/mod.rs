//! Recording one process: load and attach the eBPF programs, drain their maps, write a recording.
//!
//! *Invariant:* nothing here explains; a recording holds what was measured, and the checks that hold it to account.

pub mod assemble;
pub mod checks;
pub mod crossing;
pub mod diagnose;
pub mod drain;
pub mod host;
pub mod kernel_truth;
pub mod memory;
pub mod names;
pub mod offsets;
pub mod others;
pub mod output;
pub mod privilege;
pub mod programs;
pub mod session;
pub mod signals;
pub mod spawn;
pub mod statistics;
pub mod stop;
pub mod target;

use anyhow::Result;
use recording::Recording;
use session::Session;
use signals::HookKind;
use std::time::Duration;
use stop::{Stop, Until};
use target::Process;

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
        let mut session = Session::begin(processes, options)?;
        stop.window_opened();
        attached();
        let ended = follow(&mut session, &mut stop, options).await?;
        session.end(ended, options)
    })
}

async fn follow(
    session: &mut Session,
    stop: &mut Stop,
    options: &Options,
) -> Result<recording::Ended> {
    /// The ring buffer of thread ends holds two thousand: at this pace, twenty thousand threads a second may end.
    const GLANCE: Duration = Duration::from_millis(100);
    const GLANCES_A_POINT: u32 = 10;
    /// Half a second of the programs' own cost is enough to know it by.
    const GLANCES_MEASURED: u32 = 5;
    let mut logger = if options.log_programs {
        Some(aya_log::EbpfLogger::init(session.bpf())?)
    } else {
        None
    };
    let mut glances = tokio::time::interval(GLANCE);
    glances.tick().await;
    let mut count = 0;
    loop {
        tokio::select! {
            ended = stop.wait() => return Ok(ended),
            _ = glances.tick() => {
                count += 1;
                if count == GLANCES_MEASURED {
                    session.stop_measuring_programs();
                }
                session.take_exits();
                if let Some(logger) = &mut logger {
                    logger.flush();
                }
                if count % GLANCES_A_POINT == 0 {
                    session.tick()?;
                }
                if session.target_ended() {
                    return Ok(recording::Ended::TargetExited);
                }
            }
        }
    }
}
