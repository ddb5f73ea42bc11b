//! Wait time by call stack, beside `offcputime` of libbpf-tools, which observes the same process at
//! the same time.
//!
//! `offcputime` measures each wait from the switch away from a thread to the switch back to it. So
//! its time contains the wait for a CPU after the wake-up, which recordings have apart: each
//! function waits in a thread of its name, whose run-queue time is known.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use recording::format::quantity;
use recording::vocabulary::Unit;
use recording::{Recording, io};

use super::programs::compile_c;
use super::{RECORDING, process};
use crate::bench::observer::Observer;

/// Functions that wait, and names of their threads.
const FUNCTIONS: [&str; 6] = [
    "nap_100us",
    "nap_500us",
    "nap_1ms",
    "nap_3ms",
    "nap_20ms",
    "read_a_pipe",
];
/// Half of the width of a 95 % interval in standard deviations.
const WIDTH: f64 = 1.96;

/// Time that one function waited.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    function: &'static str,
    /// By `offcputime`, ns.
    beside_ns: f64,
    /// By kept waits, ns.
    sampled_ns: f64,
    /// Half of the width of its 95 % interval, ns.
    error_ns: f64,
    /// Waits that the kept ones stand for.
    waits: u64,
    /// Kept waits.
    kept: u64,
    /// Run-queue time of the thread, ns.
    run_queue_ns: f64,
}

/// Observes the program by both for some seconds, and returns a table in Markdown.
///
/// # Errors
/// The program cannot be compiled, or one of the tools fails.
pub fn run(folder: &Path, seconds: u16) -> Result<String> {
    let (kontrast, beside) = (folder.join("kontrast"), folder.join("offcputime"));
    fs::create_dir_all(&kontrast)?;
    fs::create_dir_all(&beside)?;
    let binary = folder.join("program");
    compile_c("stacks.c", &binary)?;
    let mut program = Program::start(&binary, seconds)?;
    let watches = [
        Observer::KontrastWaits.start(program.pid(), &kontrast, None)?,
        Observer::Offcputime.start(program.pid(), &beside, None)?,
    ];
    program.play()?;
    for watch in watches {
        watch.stop()?;
    }
    let recording = io::load_recording(&kontrast.join(RECORDING))?;
    let printed = fs::read_to_string(beside.join("tool-0"))?;
    Ok(table(&rows(&recording, &printed)?))
}

/// The program, which waits for a line before it begins, and for the end of stdin.
struct Program {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Program {
    fn start(binary: &Path, seconds: u16) -> Result<Self> {
        let mut command = Command::new(binary);
        command.arg(seconds.to_string());
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn();
        let mut child = child.with_context(|| process::shown(command))?;
        let stdout = child.stdout.take().context("stdout was asked for")?;
        let stdout = BufReader::new(stdout);
        let mut program = Self { child, stdout };
        program.read("ready")?;
        Ok(program)
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets the threads wait until they end.
    fn play(&mut self) -> Result<()> {
        let stdin = self.child.stdin.as_mut();
        writeln!(stdin.context("stdin was asked for")?)?;
        self.read("done")
    }

    fn read(&mut self, wanted: &str) -> Result<()> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        ensure!(line.trim() == wanted, "the program printed {line:?}");
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rows(recording: &Recording, printed: &str) -> Result<Vec<Row>> {
    let waits = &recording.waits;
    let beside = beside_by_function(printed);
    let row = |function: &'static str| {
        let threads = recording.threads.iter();
        let thread = threads.clone().position(|thread| thread.name == function);
        let thread = thread.with_context(|| format!("there is no thread {function}"))?;
        let is_in_function = |node| {
            let mut frames = waits.stacks.frames_of(node);
            frames.any(|frame| frame.function == function)
        };
        let mut row = Row {
            function,
            beside_ns: beside(function),
            sampled_ns: 0.0,
            error_ns: 0.0,
            waits: 0,
            kept: 0,
            run_queue_ns: recording.threads[thread].run_queue_ns as f64,
        };
        for wait in waits.rows.iter().filter(|wait| is_in_function(wait.node)) {
            row.sampled_ns += wait.off_cpu_ns as f64;
            row.waits += wait.count;
            row.kept += wait.kept;
        }
        row.error_ns = error(row.sampled_ns, row.kept, row.waits);
        Ok(row)
    };
    FUNCTIONS.into_iter().map(row).collect()
}

/// Returns half of the width of the 95 % interval of time that `kept` of `waits` waits of the same
/// length d stand for. The variance Σ d (T − d) is that of a binomial distribution: each is kept
/// with the probability d / T.
fn error(sampled_ns: f64, kept: u64, waits: u64) -> f64 {
    let (kept, waits) = (kept as f64, waits as f64);
    if kept == 0.0 || waits <= kept {
        return 0.0;
    }
    WIDTH * sampled_ns * ((1.0 - kept / waits) / kept).sqrt()
}

/// Returns a function that adds up the time by `offcputime` of stacks that a function is in. The
/// frames of a stack have a line each, and then the thread, and the time in µs.
fn beside_by_function(printed: &str) -> impl Fn(&str) -> f64 {
    let blocks: Vec<Vec<&str>> = printed
        .split("\n\n")
        .map(|block| block.lines().map(str::trim).collect())
        .collect();
    move |function| {
        let has = |block: &&Vec<&str>| block.iter().any(|line| is_frame(line, function));
        let of_function = blocks.iter().filter(has);
        let us = of_function.filter_map(|block| block.last()?.parse::<f64>().ok());
        us.sum::<f64>() * 1e3
    }
}

/// Says whether a line is the frame of a function, perhaps with an offset in it.
fn is_frame(line: &str, function: &str) -> bool {
    let mut words = line.split_whitespace();
    let is_function = |word: &str| word.split('+').next() == Some(function);
    !line.starts_with('-') && words.any(is_function)
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| function that waits | `offcputime` | by kept waits | run queue | sum − `offcputime` | sampling error, 95 % | waits, kept | within |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let time = |ns| quantity(ns, Unit::Ns);
        let share = |ns: f64| 100.0 * ns / row.beside_ns;
        let difference = row.sampled_ns + row.run_queue_ns - row.beside_ns;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {:+.2} % | ±{:.2} % | {}, {} | {} |",
            row.function,
            time(row.beside_ns),
            time(row.sampled_ns),
            time(row.run_queue_ns),
            share(difference),
            share(row.error_ns),
            row.waits,
            row.kept,
            if difference.abs() <= row.error_ns {
                "yes"
            } else {
                "**no**"
            },
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "
    __schedule
    do_nanosleep
    nap_1ms
    fill_a_pipe
    -                nap_1ms (4711)
        2500

    __schedule
    nap_1ms
    -                nap_1ms (4711)
        500

    __schedule
    [unknown]
    -                nap_1ms (4711)
        70
";

    #[test]
    fn adds_up_stacks_of_a_function() {
        let beside = beside_by_function(PRINTED);
        assert_eq!(beside("nap_1ms"), 3_000_000.0);
        assert_eq!(beside("fill_a_pipe"), 2_500_000.0);
        assert_eq!(beside("nap_3ms"), 0.0);
        assert!(is_frame("0x5566 nap_1ms+0x20 (/tmp/program)", "nap_1ms"));
    }

    #[test]
    fn knows_the_error_of_sampled_time() {
        assert_eq!(error(1e9, 50, 50), 0.0);
        // A quarter is kept: 100 waits, with a deviation of √75.
        let expected = WIDTH * 1e9 * 75_f64.sqrt() / 100.0;
        assert!((error(1e9, 100, 400) - expected).abs() < 1.0);
    }

    #[test]
    fn judges_by_the_sampling_error() {
        let row = Row {
            function: "nap_1ms",
            beside_ns: 1e9,
            sampled_ns: 9.5e8,
            error_ns: 3e7,
            waits: 400,
            kept: 100,
            run_queue_ns: 3e7,
        };
        let right = table(std::slice::from_ref(&row));
        assert!(
            right.contains("| -2.00 % | ±3.00 % | 400, 100 | yes |"),
            "{right}"
        );
        let wrong = table(&[Row {
            run_queue_ns: 0.0,
            ..row
        }]);
        assert!(wrong.contains("| **no** |"), "{wrong}");
    }
}
