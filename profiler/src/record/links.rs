//! Links: each holds a loaded program to its hook until it is dropped.

use anyhow::{Result, bail};
use aya::programs::Program;
use aya::programs::fentry::FEntryLink;
use aya::programs::fexit::FExitLink;
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
}

/// Attaches a loaded program to the hook that its name says.
///
/// # Errors
/// The kernel refuses it.
pub fn attach(program: &mut Program, name: &str) -> Result<Link> {
    Ok(match program {
        Program::BtfTracePoint(program) => {
            let link = program.attach()?;
            Link::Btf(program.take_link(link)?)
        }
        Program::RawTracePoint(program) => {
            let hook = name.strip_suffix(RAW).unwrap_or(name);
            let link = program.attach(hook.strip_suffix(SECOND).unwrap_or(hook))?;
            Link::Raw(program.take_link(link)?)
        }
        Program::FEntry(program) => {
            let link = program.attach()?;
            Link::Begin(program.take_link(link)?)
        }
        Program::FExit(program) => {
            let link = program.attach()?;
            Link::End(program.take_link(link)?)
        }
        _ => bail!("{name} is a program of another kind"),
    })
}
