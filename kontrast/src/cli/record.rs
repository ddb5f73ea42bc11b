//! `kontrast record`.

mod conclusion;
mod probes;
mod timeline;
mod window;

use super::sample_rate::SampleRate;
use super::selection::Selection;
use crate::event_rate;
use crate::monitoring::{self, Collector, Monitoring};
use crate::outcome::Outcome;
use crate::recording_folder;
use crate::summary;
use crate::suspended_command::SuspendedCommand;
use crate::work::Spec;
use anyhow::Result;
pub use probes::{Probes, StackKind, Switch};
use profiler::record::probe_groups::HookKind;
use profiler::record::programs::Stacks;
use profiler::record::runtime::program_of;
use profiler::record::select::Cgroup;
use profiler::record::stop::Until;
use profiler::record::target::{Process, executable_name, file_name, pids};
use profiler::record::{KERNEL_STACK_EVERY, Options, privilege, record};
use recording::vocabulary::Runtime;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
pub use timeline::Slow;
use timeline::TimelineOptions;
use window::Window;

/// Arguments of `kontrast record`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sudo kontrast record --pid 4711 --duration 10s
  sudo kontrast record --container 4fa6e0f0c678
  sudo kontrast record --out before -- ./server --port 8080
  sudo kontrast record --pid 4711 --load-command 'redis-benchmark -n 500000 -t set'
  sudo kontrast record --pid 4711 --duration 10s --work request=prometheus:http://127.0.0.1:9090/metrics#http_requests_total
  kontrast record --probes none --pid 4711 --duration 10s    CPU and memory only, without privileges")]
pub struct Record {
    /// Record this process, with all its threads; may be given several times.
    #[arg(long = "pid", value_name = "PID", required_unless_present_any = ["command", "selection"])]
    pub pids: Vec<u32>,
    /// Processes selected otherwise.
    #[command(flatten)]
    pub selection: Selection,
    /// Start this command and record it from its first instruction.
    #[arg(last = true, conflicts_with_all = ["pids", "selection"], value_name = "CMD")]
    pub command: Vec<String>,
    /// Stop after this time [default: at Ctrl-C or the end of the target].
    #[arg(long, value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Write to this directory, which must be new or empty [default: a new
    /// kontrast-NAME-YYYYMMDD-HHMMSS, in UTC].
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Name the arm [default: the name of the executable].
    #[arg(long)]
    pub arm: Option<String>,
    /// Name the runtime family (go, bun, node, …) [default: recognised by content].
    #[arg(long)]
    pub runtime: Option<Runtime>,
    /// Note the version of the runtime.
    #[arg(long, default_value = "")]
    pub runtime_version: String,
    /// Note the placement of processes on CPUs, in words.
    #[arg(long, default_value = "not controlled")]
    pub placement: String,
    /// Attach fewer probes, which cost the target less and record less.
    #[arg(long, value_enum, default_value = "all", value_name = "PROBES")]
    pub probes: Probes,
    /// Keep these call stacks of CPU samples.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "user,kernel",
        value_name = "STACKS"
    )]
    pub stacks: Vec<StackKind>,
    /// Of so many samples in the kernel, read the callers in the kernel for one, chosen at random:
    /// that takes long. The others get those of samples in the same function and system call.
    #[arg(
        long,
        default_value_t = KERNEL_STACK_EVERY,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000)
    )]
    pub kernel_stack_every: u32,
    /// Keep the call stacks of a sample of waits: where threads sleep, and who wakes them.
    /// `--stacks` chooses user code and kernel.
    #[arg(long, value_enum, default_value = "off", value_name = "SWITCH")]
    pub off_cpu_stacks: Switch,
    /// Single events.
    #[command(flatten)]
    pub events: TimelineOptions,
    /// Take this many CPU samples a second on each CPU. More make shares of code more precise, and
    /// cost the target more.
    #[arg(long, default_value_t, value_name = "HZ")]
    pub sample_rate: SampleRate,
    /// Divide costs by this unit of work. SOURCE counts it: prometheus:URL#METRIC, command:CMD or
    /// file:PATH (append #KEY if there are several numbers), kernel:requests, kernel:bytes,
    /// kernel:accepts, syscall:NAME, or load for the count of --load-command [default: that of
    /// --load-command, else kernel:requests].
    #[arg(long, value_name = "NAME=SOURCE")]
    pub work: Option<Spec>,
    /// Load the target with this command while recording, and stop when it ends. The count of its
    /// summary is the work: wrk, oha, hey, ab, k6, redis-benchmark and pgbench are known.
    #[arg(long, value_name = "CMD")]
    pub load_command: Option<String>,
    /// Serve live counts for Prometheus at http://ADDRESS/metrics while recording; a PORT alone is of
    /// the loopback.
    #[arg(long, value_name = "ADDRESS", value_parser = monitoring::address)]
    pub prometheus: Option<SocketAddr>,
    /// Send live counts to this OpenTelemetry collector while recording, as OTLP in JSON over HTTP:
    /// http://HOST:PORT, with the path /v1/metrics by default.
    #[arg(long, value_name = "URL")]
    pub otlp: Option<Collector>,
    /// Look for separate debug files in this folder first; may be given several times.
    #[arg(long, value_name = "DIR", value_parser = super::folder)]
    pub symbols: Vec<PathBuf>,
    /// Record only the given processes, not the ones that they start.
    #[arg(long)]
    pub no_tree: bool,
    /// Print the diagnostics of the eBPF programs.
    #[arg(long)]
    pub log_programs: bool,
    /// Use raw tracepoints only, as on kernels that refuse BTF-typed ones.
    #[arg(long, hide = true)]
    pub raw_tracepoints: bool,
    /// Read symbols of compiled code from this folder, where the runtime writes them. No comparison
    /// uses the recording.
    #[arg(long, alias = "detail", hide = true, value_name = "DIR")]
    pub runtime_symbols: Option<PathBuf>,
    /// Count connections that arrive at other ports than this as those of third parties.
    #[arg(long, hide = true, value_name = "PORT")]
    pub load_port: Option<u16>,
    /// Print `recording` when attached, and stop when standard input is closed.
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
    /// Note the number of the round, which orders the modes of `--probes overhead`.
    #[arg(long, hide = true, default_value_t = 0)]
    pub round: u32,
}

impl Record {
    /// Executes the verb.
    pub fn execute(mut self) -> Result<Outcome> {
        self.check_probes()?;
        self.check_work()?;
        let (found, cgroups) = self.selection.find(&self.pids)?;
        self.pids = pids(&found);
        if self.probes != Probes::None {
            privilege::require()?;
            self.pids
                .iter()
                .try_for_each(|pid| privilege::require_trace(*pid))?;
        }
        if self.log_programs {
            super::log_to_stderr();
        }
        self.warn_of_cost(&found);
        let monitoring = Monitoring::begin(self.prometheus, self.otlp.as_ref())?;
        let sampler = self.sampler()?;
        let out = recording_folder::prepare(self.out.clone(), &self.name())?;
        let command = match self.command.is_empty() {
            true => None,
            false => Some(SuspendedCommand::start(&self.command)?),
        };
        let processes = match &command {
            Some(command) => vec![command.process()?],
            None => found,
        };
        let mut window = Window::new(&self, &out, command.as_ref(), (sampler, monitoring));
        let mut recording = record(processes, self.options(cgroups), self.until(), &mut window)?;
        window.add_work(&mut recording);
        analysis::annotate(&mut recording);
        self.events.add_tokens(&mut recording);
        recording_folder::save(&out, &recording)?;
        self.events.save(&out, &recording)?;
        let outcome = self.conclude(&recording);
        if !self.until_stdin_closes {
            summary::print(&out, recording)?;
        }
        Ok(outcome)
    }

    /// Returns the name of the arm, the command or the executable.
    fn name(&self) -> String {
        let command = || Some(file_name(Path::new(self.command.first()?)));
        let executable = || executable_name(*self.pids.first()?);
        let name = self.arm.clone().or_else(command).or_else(executable);
        name.unwrap_or_else(|| "recording".into())
    }

    fn options(&self, cgroups: Vec<Cgroup>) -> Options {
        let hooks = match self.raw_tracepoints {
            true => vec![HookKind::RawTracepoint, HookKind::Function],
            false => HookKind::ALL.to_vec(),
        };
        // The executable of a suspended command is still the shell.
        let command = || (!self.command.is_empty()).then(|| self.name());
        Options {
            arm: self.arm.clone().or_else(command),
            runtime: self.runtime,
            program: self.program(),
            runtime_version: self.runtime_version.clone(),
            placement: self.placement.clone(),
            log_programs: self.log_programs,
            hooks,
            stacks: self.stacks(),
            kernel_stack_every: self.kernel_stack_every,
            off_cpu_stacks: self.off_cpu_stacks == Switch::On && self.stacks() != Stacks::NONE,
            timeline: self.events.size(),
            load_port: self.load_port,
            followed_calls: self.work.as_ref().map_or(Vec::new(), Spec::syscalls),
            sample_hz: self.sample_rate.0,
            mode: self.probes.mode(),
            round: self.round,
            follow_forks: !self.no_tree,
            cgroups,
            runtime_symbols: self.runtime_symbols.clone(),
            symbols: self.symbols.clone(),
            last: None,
        }
    }

    /// Returns the file that the command starts.
    fn program(&self) -> Option<PathBuf> {
        program_of(self.command.first()?, &std::env::var_os("PATH")?)
    }

    fn stacks(&self) -> Stacks {
        let wants = |kind| self.stacks.contains(&kind);
        let none = wants(StackKind::None);
        Stacks {
            user: !none && wants(StackKind::User),
            kernel: !none && wants(StackKind::Kernel),
        }
    }

    fn until(&self) -> Until {
        match self.duration {
            Some(duration) => Until::Elapsed(duration),
            None if self.until_stdin_closes => Until::StdinCloses,
            None => Until::Interrupted,
        }
    }

    /// Warns before a busy target is slowed. A driver of the recorder has no use for it.
    fn warn_of_cost(&self, found: &[Process]) {
        if self.probes != Probes::All || self.until_stdin_closes || found.is_empty() {
            return;
        }
        if let Some(warning) = event_rate::warning(found, !self.no_tree) {
            eprintln!("kontrast: {warning}");
        }
    }

    /// Announces that the window is open, and lets a suspended command begin.
    fn attached(&self, out: &Path, command: Option<&SuspendedCommand>) {
        if self.until_stdin_closes {
            println!("recording");
            // The program that waits for the line may be gone; its closed pipe ends the recording.
            let _ = std::io::stdout().flush();
        } else {
            let end = self.duration.map_or("Ctrl-C".into(), |duration| {
                humantime::format_duration(duration).to_string()
            });
            let out = out.display();
            eprintln!("recording into {out} until {end} or the end of the target …");
        }
        if let Some(Err(error)) = command.map(SuspendedCommand::resume) {
            eprintln!("kontrast: the command could not be resumed: {error:#}");
        }
    }
}
