//! `suite bench waits`: programs that wait for a known time, and the waits that a recording shows.

mod beside;
mod hog;
mod measured;
mod peer;
mod programs;
mod quota;
mod table;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use super::gc::log::Format;
use crate::{process, project};
use hog::Hog;
use measured::Measured;
use programs::{Expected, PLANTED, Planted};
use quota::Quota;

/// Folder of the recording in that of its program.
const RECORDING: &str = "recording";
/// File in which the program writes its dose.
const DOSE: &str = "dose";
/// Longest recording; programs end by themselves.
const LONGEST: &str = "120s";

/// Programs and length of the benchmark.
#[derive(Args, Clone)]
pub struct Waits {
    /// Run these programs, as in `c-lock` [default: all].
    #[arg(long, value_delimiter = ',', value_name = "PROGRAM,…")]
    programs: Vec<String>,
    /// Let each wait this often.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..))]
    turns: u32,
    /// Let each wait this many milliseconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    milliseconds: u32,
    /// Score the recordings of an earlier run with the current analysis.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Compare wait time by call stack with offcputime instead, for this many seconds.
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["programs", "from"])]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    beside_offcputime: Option<u16>,
}

/// Plants, records and scores; prints the table and saves it beside the recordings.
///
/// # Errors
/// Fails for an unknown program, or one that cannot be compiled, run, recorded or read.
pub fn run(arguments: &Waits) -> Result<()> {
    if let Some(seconds) = arguments.beside_offcputime {
        let folder = new_folder()?;
        return save(&folder, &beside::run(&folder, seconds)?);
    }
    let chosen = chosen(&arguments.programs)?;
    let folder = match &arguments.from {
        Some(folder) => folder.clone(),
        None => new_folder()?,
    };
    let mut rows = Vec::new();
    for (at, planted) in chosen.iter().enumerate() {
        let out = folder.join(planted.name);
        if arguments.from.is_none() {
            eprintln!("[{}/{}] {}", at + 1, chosen.len(), planted.name);
            record(planted, &out, arguments).with_context(|| planted.name)?;
        } else if !out.is_dir() {
            // An earlier run may have recorded fewer programs.
            continue;
        }
        rows.push(Measured::read(planted, &out).with_context(|| planted.name)?);
    }
    ensure!(!rows.is_empty(), "{} contains no runs", folder.display());
    save(&folder, &table::markdown(&rows))
}

/// Prints a table, and writes it into a folder.
fn save(folder: &Path, table: &str) -> Result<()> {
    print!("{table}");
    fs::write(folder.join("waits.md"), table)?;
    println!("\nSaved: {}", project::short(&folder.join("waits.md")));
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Planted>> {
    if names.is_empty() {
        return Ok(PLANTED.iter().collect());
    }
    let find = |name: &String| {
        let mut all = PLANTED.iter();
        all.find(|planted| planted.name == name).with_context(|| {
            let known = PLANTED.map(|planted| planted.name).join(", ");
            format!("there is no program {name}; choose {known}")
        })
    };
    names.iter().map(find).collect()
}

/// Creates a folder of `results/` named by the time, as `kontrast run` does.
fn new_folder() -> Result<PathBuf> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let folder = project::root().join("results").join(format!("waits-{now}"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Records a program from its start to its end.
fn record(planted: &Planted, out: &Path, arguments: &Waits) -> Result<()> {
    fs::create_dir_all(out)?;
    let mut program = planted.compile(out)?;
    let mut hog = None;
    if planted.expected == Expected::RunQueue {
        hog = Some(Hog::start(Path::new(&program[0]))?);
        program = hog::pinned(program);
    }
    let quota = match planted.expected {
        // The kernel adds throttled time up by CPU.
        Expected::Throttled => Some(Quota::new()?),
        _ => None,
    };
    if let Some(quota) = &quota {
        program = quota.limited(hog::pinned(program));
    }
    let symbols = matches!(planted.expected, Expected::Goroutine(_));
    let symbols = symbols.then(|| [OsString::from("--runtime-symbols"), out.into()]);
    let answer = peer::listen(arguments.milliseconds)?;
    let mut command = process::in_root(project::binary("kontrast"));
    command
        .args(["record", "--arm", planted.name, "--off-cpu-stacks", "on"])
        .args(["--duration", LONGEST])
        .args(symbols.into_iter().flatten())
        .arg("--out")
        .arg(out.join(RECORDING))
        .arg("--")
        .args(program)
        .args([arguments.turns, arguments.milliseconds].map(|number| number.to_string()))
        .arg(answer.port().to_string())
        .arg(out.join(DOSE));
    let recorded = run_quietly(&mut command);
    drop(hog);
    let printed = recorded?;
    // These doses are not the program's own.
    if let Some(quota) = quota {
        fs::write(out.join(DOSE), format!("{} 1\n", quota.throttled_ns()?))?;
    } else if planted.expected == Expected::Collection {
        let lines: Vec<&str> = printed.lines().collect();
        let logged = Format::V8.read(&lines);
        fs::write(
            out.join(DOSE),
            format!("{} {}\n", logged.time_ns, logged.collections),
        )?;
    }
    Ok(())
}

/// Runs a command, and shows its messages only if it fails. Returns what it printed.
fn run_quietly(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| process::shown(command))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} failed ({}):\n{said}",
            process::shown(command),
            output.status
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_programs_that_there_are_not() {
        let none = chosen(&["c-none".into()]).expect_err("unknown");
        assert!(none.to_string().contains("choose c-lock"), "{none}");
        assert_eq!(chosen(&[]).expect("all").len(), PLANTED.len());
    }
}
