//! Loading and attaching the eBPF programs, and which source served each signal.

use super::Options;
use super::attached::{self, Attached, SAMPLE_HZ};
use super::offsets::Layout;
use super::signals::{HookKind, SAMPLES, SIGNALS, Signal};
use anyhow::{Context, Result, bail};
use aya::programs::{BtfTracePoint, PerfEvent, RawTracePoint};
use aya::{Btf, Ebpf, EbpfLoader};
use profiler_common::Pairing;
use recording::observer;

/// What a signal says of its source where this kernel gives none.
pub const NO_SOURCE: &str = "none";

/// The object that `cargo xtask build` compiled; empty if this binary was built without it.
static OBJECT: &[u8] = aya::include_bytes_aligned!(env!("KONTRAST_BPF"));

/// What to follow.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Thread groups.
    pub tgids: Vec<u32>,
    /// How receives pair with sends.
    pub pairing: Pairing,
    /// How the name of collector threads begins, as the kernel holds it; 0 where they have none of their own.
    pub collector: u64,
    /// Whether the programs' own diagnostics are wanted.
    pub log: bool,
    /// Kinds of hook that may be used, best first.
    pub kinds: Vec<HookKind>,
}

impl Wanted {
    /// Nobody is followed: no process has this id.
    pub fn nobody(options: &Options) -> Self {
        Self::only(vec![u32::MAX], options.log_programs, &options.hooks)
    }

    /// Threads are followed, and nothing is paired.
    pub fn only(tgids: Vec<u32>, log: bool, kinds: &[HookKind]) -> Self {
        Wanted {
            tgids,
            pairing: Pairing::Pool,
            collector: 0,
            log,
            kinds: kinds.to_vec(),
        }
    }
}

/// Loaded and attached programs.
pub struct Programs {
    /// The loaded object, with its maps.
    pub bpf: Ebpf,
    /// Each signal and what served it.
    pub sources: Vec<Source>,
    /// What holds the programs to their hooks.
    attached: Vec<Attached>,
}

/// A signal and what served it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name of the signal.
    pub signal: &'static str,
    /// What served it.
    pub source: String,
    /// Why no hook served it; empty where one did.
    pub refused: String,
    /// Names of its programs.
    pub programs: Vec<String>,
}

impl Programs {
    /// Loads and attaches with the best kind of hook that works.
    pub fn attach(wanted: &Wanted) -> Result<Self> {
        let mut programs = Self::attach_some(wanted, SIGNALS.iter())?;
        let (source, attached) = attach_samples(&mut programs.bpf);
        programs.sources.push(source);
        programs.attached.extend(attached);
        Ok(programs)
    }

    /// Takes every program off its hook. It stays loaded.
    pub fn detach(&mut self) {
        self.attached.clear();
    }

    /// Puts every program back on its hook.
    ///
    /// # Errors
    /// The kernel refuses one.
    pub fn attach_again(&mut self) -> Result<()> {
        for name in self.sources.iter().flat_map(|source| &source.programs) {
            let program = self.bpf.program_mut(name);
            let program = program.with_context(|| format!("the object has no program {name}"))?;
            self.attached.extend(attached::attach(program, name)?);
        }
        Ok(())
    }

    /// The same with some signals only, and without samples.
    pub fn attach_some(
        wanted: &Wanted,
        signals: impl Iterator<Item = &'static Signal> + Clone,
    ) -> Result<Self> {
        if OBJECT.is_empty() {
            bail!(
                "this kontrast was built without its eBPF programs; build it with `cargo xtask build`"
            );
        }
        let layout = Layout::of_this_kernel()?;
        let mut failure: Option<anyhow::Error> = None;
        for kind in &wanted.kinds {
            match Self::attach_as(wanted, &layout, *kind, signals.clone()) {
                Ok(mut programs) => {
                    explain(&mut programs.sources, failure.as_ref());
                    return Ok(programs);
                }
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.context("no kind of hook was allowed")?)
    }

    fn attach_as(
        wanted: &Wanted,
        layout: &Layout,
        kind: HookKind,
        signals: impl Iterator<Item = &'static Signal>,
    ) -> Result<Self> {
        let mut bpf = load(wanted, layout, kind)?;
        let btf = Btf::from_sys_fs().context("cannot read the kernel's BTF")?;
        let (mut sources, mut attached) = (Vec::new(), Vec::new());
        for signal in signals {
            sources.push(attach_signal(&mut bpf, &btf, signal, kind, &mut attached)?);
        }
        Ok(Programs {
            bpf,
            sources,
            attached,
        })
    }

    /// Whether programs serve the whole of a signal.
    pub fn serve(&self, signal: &str) -> bool {
        let mut served = self
            .sources
            .iter()
            .filter(|source| source.source != NO_SOURCE);
        served.any(|source| source.signal == signal)
    }

    /// What each signal's programs cost so far; zero unless the kernel's BPF statistics are on.
    pub fn costs(&self) -> Vec<observer::Signal> {
        self.sources
            .iter()
            .map(|source| self.cost(source))
            .collect()
    }

    fn cost(&self, source: &Source) -> observer::Signal {
        let mut signal = observer::Signal {
            signal: source.signal.into(),
            source: source.source.clone(),
            refused: source.refused.clone(),
            programs: source.programs.clone(),
            ..observer::Signal::default()
        };
        for info in source
            .programs
            .iter()
            .filter_map(|name| self.bpf.program(name)?.info().ok())
        {
            signal.hits += info.run_count();
            signal.bpf_ns += u64::try_from(info.run_time().as_nanos()).unwrap_or(u64::MAX);
        }
        signal
    }
}

fn load(wanted: &Wanted, layout: &Layout, kind: HookKind) -> Result<Ebpf> {
    let first = *wanted.tgids.first().context("no process to follow")?;
    let many = u8::from(wanted.tgids.len() > 1);
    let direct = u8::from(kind == HookKind::TpBtf);
    let pairing = wanted.pairing as u32;
    let memory_calls = u8::from(cfg!(target_arch = "x86_64"));
    let has_state = u8::from(layout.switch_has_state);
    let log_level: u8 = if wanted.log { u8::MAX } else { 0 };
    let mut loader = EbpfLoader::new();
    loader
        .override_global("TARGET_TGID", &first, true)
        .override_global("MANY_TARGETS", &many, true)
        .override_global("DIRECT_LOADS", &direct, true)
        .override_global("PAIRING", &pairing, true)
        .override_global("COLLECTOR_NAME", &wanted.collector, true)
        .override_global("MEMORY_CALLS", &memory_calls, true)
        .override_global("SWITCH_HAS_STATE", &has_state, true)
        .override_global(aya_log::LEVEL, &log_level, true);
    for (global, offset) in &layout.offsets {
        loader.override_global(global, offset, true);
    }
    loader
        .load(OBJECT)
        .context("the kernel refused the eBPF maps")
}

fn attach_signal(
    bpf: &mut Ebpf,
    btf: &Btf,
    signal: &Signal,
    kind: HookKind,
    attached: &mut Vec<Attached>,
) -> Result<Source> {
    let mut programs = Vec::new();
    for hook in signal.hooks {
        match attach_hook(bpf, btf, hook, kind) {
            Ok((program, link)) => {
                programs.push(program);
                attached.extend(link);
            }
            Err(error) if signal.required => {
                return Err(error.context(format!("no {} for {}", kind.name(), signal.name)));
            }
            Err(error) => {
                return Ok(Source {
                    signal: signal.name,
                    source: signal.stand_in.unwrap_or(NO_SOURCE).into(),
                    refused: format!("{hook}: {}", in_a_line(&error)),
                    programs,
                });
            }
        }
    }
    Ok(Source {
        signal: signal.name,
        source: kind.name().into(),
        refused: String::new(),
        programs,
    })
}

/// Notes why a better kind of hook serves nothing.
fn explain(sources: &mut [Source], failure: Option<&anyhow::Error>) {
    let Some(error) = failure else { return };
    for source in sources
        .iter_mut()
        .filter(|source| source.refused.is_empty())
    {
        source.refused = in_a_line(error);
    }
}

/// What an error says. The verifier's log may have thousands of lines, of which the last before its statistics tells what it
/// objects to.
fn in_a_line(error: &anyhow::Error) -> String {
    const STATISTICS: [&str; 3] = ["processed ", "verification time", "stack depth"];
    let text = format!("{error:#}");
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !STATISTICS.iter().any(|word| line.starts_with(word)));
    let first = lines.next().unwrap_or_default();
    let objection = lines.next_back();
    objection.map_or(first.to_owned(), |objection| {
        format!("{first} … {objection}")
    })
}

fn attach_hook(
    bpf: &mut Ebpf,
    btf: &Btf,
    hook: &str,
    kind: HookKind,
) -> Result<(String, Vec<Attached>)> {
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
    }
    let attached = attached::attach(program, &name)?;
    Ok((name, attached))
}

/// Samples tell user code from faults and interrupts; a recording without them says so and is otherwise whole.
fn attach_samples(bpf: &mut Ebpf) -> (Source, Vec<Attached>) {
    const PROGRAMS: [&str; 2] = ["cpu_clock", "cpu_clock_plain"];
    let mut refused = String::new();
    for program in PROGRAMS {
        match try_samples(bpf, program) {
            Ok(attached) => {
                let source = Source {
                    signal: SAMPLES.0,
                    source: format!("perf_event cpu-clock {SAMPLE_HZ} Hz"),
                    refused,
                    programs: vec![program.into()],
                };
                return (source, attached);
            }
            Err(error) => refused = in_a_line(&error),
        }
    }
    let source = Source {
        signal: SAMPLES.0,
        source: NO_SOURCE.into(),
        refused,
        programs: Vec::new(),
    };
    (source, Vec::new())
}

fn try_samples(bpf: &mut Ebpf, name: &str) -> Result<Vec<Attached>> {
    let program = bpf.program_mut(name).context("the object has no sampler")?;
    let sampler: &mut PerfEvent = (&mut *program).try_into()?;
    sampler.load()?;
    attached::attach(program, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_a_line() {
        let short = anyhow::anyhow!("no such hook").context("page faults");
        assert_eq!(in_a_line(&short), "page faults: no such hook");
        let log = "the verifier refused it\n0: (bf) r6 = r1\n1: (79) r7 = *(u64 *)(r6 +64)\ninvalid access\n\n\
                   verification time 31 usec\nstack depth 0\nprocessed 2 insns (limit 1000000)\n";
        assert_eq!(
            in_a_line(&anyhow::anyhow!("{log}")),
            "the verifier refused it … invalid access"
        );
    }

    #[test]
    fn why_a_better_hook_serves_nothing_is_kept_beside_what_does() {
        let refusal = anyhow::anyhow!("not on this kernel");
        let source = |refused: &str| Source {
            signal: "scheduler",
            source: "raw_tracepoint".into(),
            refused: refused.into(),
            programs: Vec::new(),
        };
        let mut sources = [source(""), source("its own")];
        explain(&mut sources, None);
        assert_eq!(sources[0].refused, "");
        explain(&mut sources, Some(&refusal));
        let told = sources.map(|source| source.refused);
        assert_eq!(told, ["not on this kernel", "its own"]);
    }
}
