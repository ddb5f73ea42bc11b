//! Attaching a probe group: all of its programs with one kind of hook, or none of them.

use super::cpu_clocks::CpuClocks;
use super::links::{self, Link};
use super::objection::one_line;
use super::probe_groups::{CPU_SAMPLES, HookKind, Hooks, NO_SOURCE, Source, function};
use anyhow::{Context, Result, bail};
use aya::programs::{BtfTracePoint, PerfEvent, Program, RawTracePoint};
use aya::{Btf, Ebpf};

/// Attaches a group with the first kind of hook that serves all of it.
///
/// # Errors
/// No kind serves a group that is required.
pub fn group(
    bpf: &mut Ebpf,
    btf: &Btf,
    hooks: &Hooks,
    kinds: &[HookKind],
) -> Result<(Source, Vec<Link>)> {
    let attach = |kind: &HookKind| attach_all(bpf, btf, hooks, *kind);
    let kinds = kinds.iter().copied().filter(|kind| kind.serves(hooks));
    let (source, links) = first_that_works(hooks, &kinds.collect::<Vec<_>>(), attach);
    if links.is_empty() && hooks.required {
        bail!(
            "{}. Run `kontrast doctor` to see what this kernel supports",
            refusal(&source)
        );
    }
    Ok((source, links))
}

/// Returns the message for a group that no kind of hook serves.
pub fn refusal(source: &Source) -> String {
    let Source {
        group,
        fallback_reason,
        ..
    } = source;
    format!("cannot attach the probe group {group}: {fallback_reason}")
}

/// A group's programs, and what holds them to their hooks.
type Attached<L> = (Vec<String>, Vec<L>);

/// Tries the kinds of hook in order. The reasons of those that failed stay in the source.
fn first_that_works<L>(
    hooks: &Hooks,
    kinds: &[HookKind],
    mut attach: impl FnMut(&HookKind) -> Result<Attached<L>>,
) -> (Source, Vec<L>) {
    let mut reasons = Vec::new();
    for kind in kinds {
        match attach(kind) {
            Ok((programs, links)) => {
                let source = Source {
                    group: hooks.group,
                    source: kind.name().into(),
                    fallback_reason: reasons.join("; "),
                    programs,
                };
                return (source, links);
            }
            Err(error) => reasons.push(format!("{}: {}", kind.name(), one_line(&error))),
        }
    }
    let source = Source {
        group: hooks.group,
        source: hooks.stand_in.unwrap_or(NO_SOURCE).into(),
        fallback_reason: reasons.join("; "),
        programs: Vec::new(),
    };
    (source, Vec::new())
}

/// Attaches every hook of a group, or fails and leaves none attached: the links are dropped, and
/// the programs unloaded.
fn attach_all(bpf: &mut Ebpf, btf: &Btf, hooks: &Hooks, kind: HookKind) -> Result<Attached<Link>> {
    let (mut programs, mut links) = (Vec::new(), Vec::new());
    for hook in hooks.hooks {
        match attach_hook(bpf, btf, hook, kind) {
            Ok((program, link)) => {
                programs.push(program);
                links.push(link);
            }
            Err(error) => {
                drop(links);
                for name in &programs {
                    unload(bpf, name)?;
                }
                return Err(error.context((*hook).to_owned()));
            }
        }
    }
    Ok((programs, links))
}

fn unload(bpf: &mut Ebpf, name: &str) -> Result<()> {
    match bpf.program_mut(name) {
        Some(Program::BtfTracePoint(program)) => Ok(program.unload()?),
        Some(Program::RawTracePoint(program)) => Ok(program.unload()?),
        Some(Program::FEntry(program)) => Ok(program.unload()?),
        Some(Program::FExit(program)) => Ok(program.unload()?),
        _ => bail!("{name} is a program of another kind"),
    }
}

fn attach_hook(bpf: &mut Ebpf, btf: &Btf, hook: &str, kind: HookKind) -> Result<(String, Link)> {
    let name = kind.program(hook);
    let program = bpf
        .program_mut(&name)
        .with_context(|| format!("the object has no program {name}"))?;
    match kind {
        HookKind::TpBtf => {
            let program: &mut BtfTracePoint = (&mut *program).try_into()?;
            program.load(hook, btf)?;
        }
        HookKind::RawTracepoint => {
            let program: &mut RawTracePoint = (&mut *program).try_into()?;
            program.load()?;
        }
        HookKind::Function => load_function(program, hook, btf)?,
    }
    log_size(program, &name);
    let link = links::attach(program, &name)?;
    Ok((name, link))
}

/// Loads the program of the function that serves in place of a tracepoint.
fn load_function(program: &mut Program, hook: &str, btf: &Btf) -> Result<()> {
    let function = function(hook).context("no function serves in its place")?;
    match program {
        Program::FEntry(program) => program.load(function, btf)?,
        Program::FExit(program) => program.load(function, btf)?,
        _ => bail!("{hook} has a program of another kind"),
    }
    Ok(())
}

/// Logs how many instructions the verifier followed. It gives up at a million, and older verifiers
/// follow more of the same program.
fn log_size(program: &Program, name: &str) {
    if let Ok(info) = program.info()
        && let Some(verified) = info.verified_instruction_count()
    {
        log::debug!("{name}: the verifier followed {verified} instructions");
    }
}

/// Attaches a second program to a tracepoint.
///
/// # Errors
/// There is no such program, or the kernel refuses it.
pub fn second(bpf: &mut Ebpf, name: &str, tracepoint: &str) -> Result<Link> {
    let program = bpf.program_mut(name);
    let program = program.with_context(|| format!("the object has no program {name}"))?;
    match program {
        Program::BtfTracePoint(program) => program.load(tracepoint, &Btf::from_sys_fs()?)?,
        Program::RawTracePoint(program) => program.load()?,
        _ => bail!("{name} is a program of another kind"),
    }
    log_size(program, name);
    links::attach(program, name)
}

/// Attaches the CPU samples, `hz` a second. A recording without them says so, and is complete
/// otherwise.
pub fn samples(bpf: &mut Ebpf, hz: u32) -> (Source, Option<CpuClocks>) {
    const PROGRAMS: [&str; 2] = ["cpu_clock", "cpu_clock_plain"];
    let mut reasons = Vec::new();
    for program in PROGRAMS {
        match try_samples(bpf, program, hz) {
            Ok(clocks) => {
                let source = Source {
                    group: CPU_SAMPLES.0,
                    source: format!("perf_event cpu-clock {hz} Hz"),
                    fallback_reason: reasons.join("; "),
                    programs: vec![program.into()],
                };
                return (source, Some(clocks));
            }
            Err(error) => reasons.push(format!("{program}: {}", one_line(&error))),
        }
    }
    let source = Source {
        group: CPU_SAMPLES.0,
        source: NO_SOURCE.into(),
        fallback_reason: reasons.join("; "),
        programs: Vec::new(),
    };
    (source, None)
}

fn try_samples(bpf: &mut Ebpf, name: &str, hz: u32) -> Result<CpuClocks> {
    let program = bpf.program_mut(name).context("the object has no sampler")?;
    let sampler: &mut PerfEvent = (&mut *program).try_into()?;
    sampler.load()?;
    log_size(program, name);
    CpuClocks::attach(program.try_into()?, name, hz)
}

#[cfg(test)]
mod tests {
    use super::super::programs::{ProbeConfig, Programs};
    use super::super::{privilege, probe_groups::PROC_STAT};
    use super::*;
    use recording::vocabulary::ProbeGroup;

    const KINDS: [HookKind; 2] = [HookKind::TpBtf, HookKind::RawTracepoint];

    fn faults(hooks: &'static [&'static str], required: bool) -> Hooks {
        Hooks {
            group: ProbeGroup::PageFaults,
            hooks,
            required,
            provides: "",
            stand_in: Some(PROC_STAT),
        }
    }

    #[test]
    fn falls_back_to_the_next_kind_and_keeps_the_reason() {
        let attach = |kind: &HookKind| match kind {
            HookKind::TpBtf => Err(anyhow::anyhow!("not on this kernel")),
            _ => Ok((vec!["fault_raw".to_owned()], vec![1])),
        };
        let (source, links) = first_that_works(&faults(&["fault"], false), &KINDS, attach);
        assert_eq!(links, [1]);
        assert_eq!(source.source, "raw_tp");
        assert_eq!(source.fallback_reason, "tp_btf: not on this kernel");
    }

    #[test]
    fn names_the_stand_in_and_every_reason_where_no_kind_works() {
        let attach = |_: &HookKind| Err::<Attached<u8>, _>(anyhow::anyhow!("refused"));
        let (source, _) = first_that_works(&faults(&["fault"], false), &KINDS, attach);
        assert_eq!(source.source, PROC_STAT);
        assert_eq!(source.fallback_reason, "tp_btf: refused; raw_tp: refused");
        assert_eq!(source.programs, [""; 0]);
    }

    #[test]
    fn detaches_a_group_that_attached_half_way() {
        if !privilege::missing().is_empty() {
            eprintln!("skipped: attaching needs privilege");
            return;
        }
        // The object has a program for the first hook only.
        static HALF: &[&str] = &["sched_switch", "no_such_hook"];
        let config = ProbeConfig::minimal(false, &KINDS);
        let mut programs = Programs::attach_some(&config, std::iter::empty()).expect("maps");
        let btf = Btf::from_sys_fs().expect("BTF");
        let (source, links) =
            group(&mut programs.bpf, &btf, &faults(HALF, false), &KINDS).expect("not required");
        assert_eq!((links.len(), source.programs.len()), (0, 0));
        assert!(
            source.fallback_reason.contains("no_such_hook"),
            "{source:?}"
        );
        for kind in KINDS {
            let program = programs.bpf.program(&kind.program("sched_switch"));
            assert!(
                program.expect("in the object").fd().is_err(),
                "still loaded"
            );
        }
        let error = group(&mut programs.bpf, &btf, &faults(HALF, true), &KINDS);
        let error = error.err().expect("required").to_string();
        assert!(
            error.starts_with("cannot attach the probe group page faults: tp_btf"),
            "{error}"
        );
    }
}
