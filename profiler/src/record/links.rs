//! Links: each holds a loaded program to its hook until it is dropped.

use anyhow::{Result, bail};
use aya::programs::Program;
use aya::programs::fentry::FEntryLink;
use aya::programs::fexit::FExitLink;
use aya::programs::perf_event::{
    PerfEvent, PerfEventConfig, PerfEventLink, PerfEventScope, SamplePolicy, SoftwareEvent,
};
use aya::programs::raw_trace_point::RawTracePointLink;
use aya::programs::tp_btf::BtfTracePointLink;

/// CPU samples a second on each CPU. A prime, so that sampling does not beat with timers.
pub const SAMPLE_HZ: u32 = 499;

/// Suffix of a raw tracepoint program that has a BTF-typed twin.
const RAW: &str = "_raw";

/// Suffix of the second program of a hook.
const SECOND: &str = "_wait";

/// A program on its hook, until this is dropped.
#[expect(dead_code, reason = "held to be dropped")]
pub enum Link {
    /// A BTF-typed raw tracepoint.
    Btf(BtfTracePointLink),
    /// A raw tracepoint.
    Raw(RawTracePointLink),
    /// The begin of a function of the kernel.
    Begin(FEntryLink),
    /// The end of a function of the kernel.
    End(FExitLink),
    /// The CPU clock of one CPU.
    Clock(PerfEventLink),
}

/// Attaches a loaded program to the hook that its name says; a sampler to the clock of each CPU, at
/// `sample_hz`.
///
/// # Errors
/// The kernel refuses it.
pub fn attach(program: &mut Program, name: &str, sample_hz: u32) -> Result<Vec<Link>> {
    Ok(match program {
        Program::BtfTracePoint(program) => {
            let link = program.attach()?;
            vec![Link::Btf(program.take_link(link)?)]
        }
        Program::RawTracePoint(program) => {
            let hook = name.strip_suffix(RAW).unwrap_or(name);
            let link = program.attach(hook.strip_suffix(SECOND).unwrap_or(hook))?;
            vec![Link::Raw(program.take_link(link)?)]
        }
        Program::FEntry(program) => {
            let link = program.attach()?;
            vec![Link::Begin(program.take_link(link)?)]
        }
        Program::FExit(program) => {
            let link = program.attach()?;
            vec![Link::End(program.take_link(link)?)]
        }
        Program::PerfEvent(program) => on_every_cpu(program, sample_hz)?,
        _ => bail!("{name} is a program of another kind"),
    })
}

fn on_every_cpu(program: &mut PerfEvent, sample_hz: u32) -> Result<Vec<Link>> {
    let cpus =
        aya::util::online_cpus().map_err(|(file, error)| anyhow::anyhow!("{file}: {error}"))?;
    let mut links = Vec::new();
    for cpu in cpus {
        let clock = PerfEventConfig::Software(SoftwareEvent::CpuClock);
        let scope = PerfEventScope::AllProcessesOneCpu { cpu };
        let rate = SamplePolicy::Frequency(sample_hz.into());
        let link = program.attach(clock, scope, rate, false)?;
        links.push(Link::Clock(program.take_link(link)?));
    }
    Ok(links)
}
