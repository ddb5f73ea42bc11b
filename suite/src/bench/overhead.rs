//! `suite bench overhead`: slow-down of a ping-pong by observers, measured in turns.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use analysis::stats::{self, Sample};
use anyhow::{Context, Result, ensure};
use recording::Recording;

use super::Overhead;
use super::observer::Observer;
use super::ping_pong::{PingPong, Score};
use crate::project;
use crate::turns::order;

/// Limit of the product: slow-down of a ping-pong by recording.
const LIMIT: f64 = 1.15;

/// Scores by observer and round.
type Scores = [Vec<Score>; Observer::ALL.len()];

/// Measures and prints a table.
///
/// # Errors
/// Fails if a tool does or is missing.
pub fn run(arguments: Overhead) -> Result<()> {
    let folder = project::cache("bench");
    let mut scores = Scores::default();
    let mut recordings = Vec::new();
    for round in 0..usize::from(arguments.rounds) {
        eprint!("\rround {} of {} ", round + 1, arguments.rounds);
        for at in order(Observer::ALL.len(), round) {
            empty(&folder)?;
            scores[at].push(measure(Observer::ALL[at], arguments, &folder)?);
            if Observer::ALL[at] == Observer::Kontrast {
                recordings.push(recording::io::load_recording(&folder.join("recording"))?);
            }
        }
    }
    eprintln!();
    print!("{}", table(&scores, arguments.one_cpu)?);
    print!("{}", own_cost(&recordings)?);
    Ok(())
}

fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

fn measure(observer: Observer, arguments: Overhead, folder: &Path) -> Result<Score> {
    let mut ping_pong = PingPong::start(arguments.seconds, arguments.one_cpu)?;
    let watch = observer.start(ping_pong.pid(), folder)?;
    let score = ping_pong.play()?;
    watch.stop()?;
    Ok(score)
}

/// Formats the table. On one CPU the ratio is of CPU time, which other load does not change.
/// Between CPUs a round trip is mostly waiting, so the ratio is of elapsed time.
fn table(scores: &Scores, one_cpu: bool) -> Result<String> {
    let (place, what) = if one_cpu {
        ("on one CPU", "on CPU")
    } else {
        ("between CPUs", "elapsed")
    };
    let mut text = format!(
        "socket ping-pong {place}: 2 switches and 4 system calls a round trip\n\n\
         a round trip                    elapsed    on CPU   {what} against bare\n",
    );
    let judged = |score: &Score| {
        if one_cpu {
            score.cpu_nanoseconds
        } else {
            score.nanoseconds
        }
    };
    let bare = samples(&scores[0], judged);
    for (observer, of) in Observer::ALL.iter().zip(scores) {
        let elapsed = stats::value(&samples(of, |score| score.nanoseconds));
        let cpu = samples(of, |score| score.cpu_nanoseconds);
        let name = observer.name();
        write!(
            text,
            "{name:<28} {elapsed:>7.0} ns {:>6.0} ns",
            stats::value(&cpu)
        )?;
        if *observer != Observer::Bare {
            let observed = samples(of, judged);
            let ratio = stats::ratio(stats::value(&bare), stats::value(&observed));
            let [low, high] = stats::ratio_interval(&bare, &observed);
            write!(text, "   {ratio:.2}×  (95 %: {low:.2} to {high:.2})")?;
        }
        text.push('\n');
    }
    Ok(text)
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
        let text = table(
            &[every(1000.0), every(1100.0), every(1080.0), every(1500.0)],
            false,
        )
        .unwrap();
        let kontrast =
            "kontrast record                 2200 ns   1100 ns   1.10×  (95 %: 1.10 to 1.10)";
        assert!(text.contains(kontrast), "{text}");
    }
}
