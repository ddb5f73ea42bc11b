//! What holds a loaded program to its hook: dropped, the program is off it, and may be put on again.

use anyhow::{Result, bail};
use aya::programs::Program;
use aya::programs::perf_event::{
    PerfEvent, PerfEventConfig, PerfEventLink, PerfEventScope, SamplePolicy, SoftwareEvent,
};
use aya::programs::raw_trace_point::RawTracePointLink;
use aya::programs::tp_btf::BtfTracePointLink;

/// Samples a second on each CPU. A prime, so that it does not beat with timers.
pub const SAMPLE_HZ: u64 = 499;

/// How the name of a raw tracepoint's program ends that has a BTF-typed twin.
const RAW: &str = "_raw";

/// A program on its hook, for as long as this is held.
#[expect(dead_code, reason = "held to be dropped")]
pub enum Attached {
    /// A BTF-typed raw tracepoint.
    Btf(BtfTracePointLink),
    /// A raw tracepoint.
    Raw(RawTracePointLink),
    /// The CPU clock of one CPU.
    Clock(PerfEventLink),
}

/// Puts a loaded program on its hook, which its name tells; a sampler on the clock of each CPU.
///
/// # Errors
/// The kernel refuses it.
pub fn attach(program: &mut Program, name: &str) -> Result<Vec<Attached>> {
    Ok(match program {
        Program::BtfTracePoint(program) => {
            let link = program.attach()?;
            vec![Attached::Btf(program.take_link(link)?)]
        }
        Program::RawTracePoint(program) => {
            let link = program.attach(name.strip_suffix(RAW).unwrap_or(name))?;
            vec![Attached::Raw(program.take_link(link)?)]
        }
        Program::PerfEvent(program) => on_every_cpu(program)?,
        _ => bail!("{name} is a program of another kind"),
    })
}

fn on_every_cpu(program: &mut PerfEvent) -> Result<Vec<Attached>> {
    let cpus =
        aya::util::online_cpus().map_err(|(what, error)| anyhow::anyhow!("{what}: {error}"))?;
    let mut attached = Vec::new();
    for cpu in cpus {
        let clock = PerfEventConfig::Software(SoftwareEvent::CpuClock);
        let scope = PerfEventScope::AllProcessesOneCpu { cpu };
        let link = program.attach(clock, scope, SamplePolicy::Frequency(SAMPLE_HZ), false)?;
        attached.push(Attached::Clock(program.take_link(link)?));
    }
    Ok(attached)
}
