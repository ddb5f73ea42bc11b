//! `suite bench overhead`: slow-down of a ping-pong by observers, measured in turns.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use analysis::stats::{self, Sample};
use anyhow::{Context, Result, ensure};
use recording::Recording;

use super::Overhead;
use super::observer::Observer;
use super::ping_pong::{PingPong, Program, SWITCHES, Score};
use crate::project;
use crate::turns::order;

/// Limit of the product: slow-down of a ping-pong by recording.
const LIMIT: f64 = 1.15;

/// Scores by observer and round.
type Scores = Vec<(Observer, Vec<Score>)>;

/// Measures and prints a table.
///
/// # Errors
/// Fails if a tool does or is missing.
pub fn run(arguments: &Overhead) -> Result<()> {
    let folder = project::cache("bench");
    let program = arguments.program()?;
    let observers = arguments.observers.iter();
    let mut scores: Scores = observers.map(|observer| (*observer, Vec::new())).collect();
    let mut recordings = Vec::new();
    for round in 0..usize::from(arguments.rounds) {
        eprint!("\rround {} of {} ", round + 1, arguments.rounds);
        for at in order(scores.len(), round) {
            empty(&folder)?;
            let (observer, scores) = &mut scores[at];
            scores.push(measure(*observer, program, arguments, &folder)?);
            if *observer == Observer::Kontrast {
                recordings.push(recording::io::load_recording(&folder.join("recording"))?);
            }
        }
    }
    eprintln!();
    print!("{}", table(&scores, program)?);
    if !recordings.is_empty() {
        print!("{}", own_cost(&recordings)?);
    }
    Ok(())
}

/// Makes an empty folder.
pub(super) fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn measure(
    observer: Observer,
    program: Program,
    arguments: &Overhead,
    folder: &Path,
) -> Result<Score> {
    let mut ping_pong = PingPong::start(arguments.seconds, program)?;
    let watch = observer.start(ping_pong.pid(), folder, arguments.beside.as_deref())?;
    let score = ping_pong.play()?;
    watch.stop()?;
    Ok(score)
}

/// Formats the table. On one CPU the ratio is of CPU time, which other load does not change.
/// Between CPUs a round trip is mostly waiting, so the ratio is of elapsed time.
fn table(scores: &Scores, program: Program) -> Result<String> {
    let judges_elapsed = program == Program::BetweenCpus;
    let what = if judges_elapsed { "elapsed" } else { "on CPU" };
    let (baseline, first) = scores.first().context("no observer was chosen")?;
    let mut text = String::from(program.describe());
    if let Program::OneCpu { .. } = program {
        let elapsed = stats::value(&samples(first, |score| score.nanoseconds));
        let rate = SWITCHES * 1e9 / elapsed;
        write!(text, "; {rate:.0} switches/s with {}", baseline.name())?;
    }
    writeln!(
        text,
        "\n\n{:<28}    elapsed    on CPU   {what} against {}",
        program.unit(),
        baseline.name(),
    )?;
    let judged = |score: &Score| match judges_elapsed {
        true => score.nanoseconds,
        false => score.cpu_nanoseconds,
    };
    for (at, (observer, of)) in scores.iter().enumerate() {
        let elapsed = stats::value(&samples(of, |score| score.nanoseconds));
        let cpu = samples(of, |score| score.cpu_nanoseconds);
        let name = observer.name();
        write!(
            text,
            "{name:<28} {elapsed:>7.0} ns {:>6.0} ns",
            stats::value(&cpu)
        )?;
        if at > 0 {
            write!(text, "   {}", ratio(first, of, judged))?;
        }
        text.push('\n');
    }
    // Stacks of waits are an option of `kontrast record`, so their own cost is beside it.
    let of = |wanted| scores.iter().find(|(observer, _)| *observer == wanted);
    if let (Some((without, plain)), Some((with, waits))) =
        (of(Observer::Kontrast), of(Observer::KontrastWaits))
    {
        let (with, without) = (with.name(), without.name());
        let ratio = ratio(plain, waits, judged);
        writeln!(text, "\n{with} against {without}: {ratio}")?;
    }
    Ok(text)
}

/// Formats the ratio of two observers, with its interval.
fn ratio(base: &[Score], observed: &[Score], judged: impl Fn(&Score) -> f64 + Copy) -> String {
    let (base, observed) = (samples(base, judged), samples(observed, judged));
    let ratio = stats::ratio(stats::value(&base), stats::value(&observed));
    let [low, high] = stats::ratio_interval(&base, &observed);
    format!("{ratio:.4}×  (95 %: {low:.4} to {high:.4})")
}

/// Returns one sample per round: time over round trips.
fn samples(scores: &[Score], time: impl Fn(&Score) -> f64) -> Vec<Sample> {
    let sample = |score: &Score| Sample {
        amount: time(score),
        over: score.round_trips,
    };
    scores.iter().map(sample).collect()
}

fn own_cost(recordings: &[Recording]) -> Result<String> {
    let last = recordings.last().context("nothing was recorded")?;
    ensure!(
        last.process.voluntary_switches > 0,
        "kontrast saw no switches"
    );
    let cpu: u64 = recordings.iter().map(|it| it.observer.cpu_ns).sum();
    let window: u64 = recordings.iter().map(|it| it.window.duration_ns).sum();
    let rss = recordings
        .iter()
        .map(|it| it.observer.rss_bytes)
        .max()
        .unwrap_or(0);
    let share = 100.0 * cpu as f64 / window as f64;
    let mebibytes = rss as f64 / f64::from(1 << 20);
    Ok(format!(
        "\nkontrast's own: CPU {share:.2} % of a core, RSS {mebibytes:.0} MiB; limits: {LIMIT:.2}×, 1 %, 64 MiB\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_slow_down() {
        let every = |nanoseconds: f64| {
            let score = Score {
                round_trips: 1.0,
                nanoseconds: 2.0 * nanoseconds,
                cpu_nanoseconds: nanoseconds,
            };
            vec![score; 3]
        };
        let scores = vec![
            (Observer::Bare, every(1000.0)),
            (Observer::Kontrast, every(1100.0)),
        ];
        let text = table(&scores, Program::BetweenCpus).unwrap();
        let kontrast =
            "kontrast record                 2200 ns   1100 ns   1.1000×  (95 %: 1.1000 to 1.1000)";
        assert!(text.contains(kontrast), "{text}");
    }
}
