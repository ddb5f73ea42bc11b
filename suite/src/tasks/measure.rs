//! Measures one job of one process from outside.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use analysis::stats::Sample;
use anyhow::{Result, ensure};

use super::bounds::Bounds;
use super::job::Job;
use super::kinds::Kind;
use super::program::{Answer, Program};
use super::tree;
use crate::usage::Usage;

/// Values of one round by metric.
pub type Values = BTreeMap<&'static str, Sample>;

/// Pause between the start of the last task and reading the usage.
const SETTLE: Duration = Duration::from_millis(200);
/// Switches are repeated, twice as many each time, until they take this long.
const LONG_ENOUGH_NS: f64 = 2e8;
const FIRST_TURNS: u64 = 1000;
/// Steps of each piece of arithmetic.
const STEPS: u32 = 4_000_000;
const PIECES: u32 = 64;
/// Number of times that the mix hashes each file's bytes.
const PASSES: u32 = 20;
/// The correct sum of the arithmetic, computed once.
static COMPUTED: LazyLock<u32> = LazyLock::new(|| tree::expected_compute(PIECES, STEPS));

/// Runs the job in a fresh process.
///
/// # Errors
/// Fails if a [`Limit`](super::bounds::Limit) is exceeded, the program ends, or its result is
/// wrong.
pub fn measure(kind: &Kind, job: Job, time: Duration, tree: &Path, log: &Path) -> Result<Values> {
    let bounds = Bounds::now(time);
    let mut program = Program::start(kind, log)?;
    match job {
        Job::Idle(count) => idle(&mut program, count, &bounds),
        Job::Switch => switch(&mut program, &bounds),
        Job::Read => read(&mut program, tree, 0, &bounds),
        Job::Mix => read(&mut program, tree, PASSES, &bounds),
        Job::Compute => {
            let request = format!("compute\t{PIECES}\t{STEPS}");
            let check = |answer: &Answer| answer.sum == *COMPUTED;
            timed(&mut program, &request, 1.0, check, &bounds)
        }
    }
}

fn idle(program: &mut Program, count: u64, bounds: &Bounds) -> Result<Values> {
    // The first task brings in code and pools that all tasks share.
    program.ask("spawn\t1", bounds)?;
    program.ask("end", bounds)?;
    let before = Usage::of(program.pid())?;
    let spawned = program.ask(&format!("spawn\t{count}"), bounds)?;
    ensure!(
        spawned.done == count,
        "{} tasks instead of {count}",
        spawned.done
    );
    thread::sleep(SETTLE);
    let there = Usage::of(program.pid())?;
    let ended = program.ask("end", bounds)?;
    ensure!(ended.done == count, "{} ended of {count}", ended.done);
    thread::sleep(SETTLE);
    let after = Usage::of(program.pid())?;
    let each = |amount: f64| Sample {
        amount,
        over: count as f64,
    };
    let grown = |of: fn(&Usage) -> f64| each((of(&there) - of(&before)).max(0.0));
    Ok(Values::from([
        ("rss_bytes", grown(|usage| usage.rss_bytes)),
        ("page_table_bytes", grown(|usage| usage.page_table_bytes)),
        (
            "kernel_stack_bytes",
            grown(|usage| usage.kernel_stack_bytes),
        ),
        ("threads", grown(|usage| usage.threads)),
        ("faults", grown(|usage| usage.faults)),
        ("create_ns", each(spawned.ns)),
        ("create_cpu_ns", grown(|usage| usage.cpu_ns)),
        ("end_ns", each(ended.ns)),
        ("end_cpu_ns", each(after.cpu_ns - there.cpu_ns)),
        (
            "kept_bytes",
            each((after.rss_bytes - before.rss_bytes).max(0.0)),
        ),
    ]))
}

fn switch(program: &mut Program, bounds: &Bounds) -> Result<Values> {
    let mut turns = FIRST_TURNS;
    loop {
        let before = Usage::of(program.pid())?;
        let answer = program.ask(&format!("switch\t{turns}"), bounds)?;
        ensure!(answer.done == turns, "{} turns of {turns}", answer.done);
        if answer.ns >= LONG_ENOUGH_NS {
            let cpu_ns = Usage::of(program.pid())?.cpu_ns - before.cpu_ns;
            // Each turn is two switches.
            return Ok(cost(answer.ns, cpu_ns, 2.0 * turns as f64));
        }
        turns *= 2;
    }
}

fn read(program: &mut Program, tree: &Path, passes: u32, bounds: &Bounds) -> Result<Values> {
    let request = format!("read\t{}\t{passes}", tree.display());
    let sum = tree::expected_read(passes);
    let check = |answer: &Answer| answer.done == u64::from(tree::FILES) && answer.sum == sum;
    timed(program, &request, f64::from(tree::FILES), check, bounds)
}

/// Runs a request once to warm up and once to measure.
fn timed(
    program: &mut Program,
    request: &str,
    over: f64,
    is_right: impl Fn(&Answer) -> bool,
    bounds: &Bounds,
) -> Result<Values> {
    program.ask(request, bounds)?;
    let before = Usage::of(program.pid())?;
    let answer = program.ask(request, bounds)?;
    let cpu_ns = Usage::of(program.pid())?.cpu_ns - before.cpu_ns;
    ensure!(
        is_right(&answer),
        "a wrong result of {request:?}: {answer:?}"
    );
    Ok(cost(answer.ns, cpu_ns, over))
}

fn cost(ns: f64, cpu_ns: f64, over: f64) -> Values {
    let sample = |amount| Sample { amount, over };
    Values::from([("ns", sample(ns)), ("cpu_ns", sample(cpu_ns))])
}
