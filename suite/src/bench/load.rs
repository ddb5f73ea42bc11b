//! `suite bench load`: cost of a load generator per token and per user, measured in turns.

mod client;
mod measure;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use analysis::stats::{self, Sample};
use anyhow::{Context, Result};
use clap::Args;
use recording::LoadSummary;

use crate::project;
use crate::turns::order;
use client::Client;
use measure::{Cost, Stub, measure};

/// Limits of the product: loadgen's CPU time as a multiple of its floor's, and of k6's with SSE.
const OF_FLOOR: f64 = 1.1;
const OF_K6_SSE: f64 = 0.25;
/// Limit of the product: kilobytes (1,000 bytes) per user.
const KB_A_USER: f64 = 32.0;
/// Limit of the product: error of loadgen's time stamps in milliseconds, median and 99th
/// percentile.
const ERROR_MS: [f64; 2] = [1.5, 5.0];

/// Length of the benchmark.
#[derive(Args, Clone, Copy)]
pub struct Load {
    /// Load with this many users, each with one stream at a time.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    users: u16,
    /// Run this many rounds; every client has a turn in each.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(2..))]
    rounds: u16,
    /// Load for this many seconds in each turn.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..))]
    seconds: u16,
    /// Run 3 rounds of 4 s, about a minute.
    #[arg(long, conflicts_with_all = ["rounds", "seconds"])]
    quick: bool,
}

impl Load {
    /// Returns the arguments with `--quick` applied.
    fn settled(self) -> Self {
        let [rounds, seconds] = match self.quick {
            true => [3, 4],
            false => [self.rounds, self.seconds],
        };
        Self {
            rounds,
            seconds,
            ..self
        }
    }
}

/// A client that can be measured, and its costs by round.
struct Entrant {
    client: Client,
    program: PathBuf,
    costs: Vec<Cost>,
}

/// Measures and prints. A tool that is not installed is listed with the reason, and the others are
/// measured.
///
/// # Errors
/// Fails if a client does.
pub fn run(load: Load) -> Result<()> {
    let load = load.settled();
    let folder = project::cache("bench-load");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let (mut entrants, mut missing, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for client in Client::ALL {
        match client.program() {
            Ok(program) => entrants.push(Entrant {
                client,
                program,
                costs: Vec::new(),
            }),
            Err(error) => missing.push((client, format!("{error:#}"))),
        }
    }
    for round in 0..usize::from(load.rounds) {
        for (turn, at) in order(entrants.len(), round).into_iter().enumerate() {
            let left = usize::from(load.rounds) * entrants.len() - round * entrants.len() - turn;
            let entrant = &mut entrants[at];
            eprintln!(
                "round {} of {}, {}: {} s left",
                round + 1,
                load.rounds,
                entrant.client.name(),
                left * usize::from(load.seconds)
            );
            entrant.turn(load, &folder)?;
            if entrant.client == Client::Loadgen {
                errors.push(stamp_errors(&folder)?);
            }
        }
    }
    let alone = peak_alone(load, &folder)?;
    print!("{}", table(&entrants, load)?);
    for (client, reason) in missing {
        println!("{:<22} not measured: {reason}", client.name());
    }
    print!("{}", promises(&entrants, load, alone, &errors)?);
    Ok(())
}

impl Entrant {
    fn turn(&mut self, load: Load, folder: &Path) -> Result<()> {
        let stub = Stub::start()?;
        let mut command = self
            .client
            .command(&self.program, &stub.url(), load, folder)?;
        let cost = measure(&stub, &mut command).with_context(|| self.client.name())?;
        self.costs.push(cost);
        Ok(())
    }

    fn cpu(&self) -> Vec<Sample> {
        let sample = |cost: &Cost| Sample {
            amount: cost.cpu_ns,
            over: cost.tokens,
        };
        self.costs.iter().map(sample).collect()
    }

    /// Returns the highest resident set of all rounds, per user.
    fn kb_a_user(&self, load: Load) -> f64 {
        let peaks = self.costs.iter().map(|cost| cost.peak_rss_bytes);
        peaks.fold(0.0, f64::max) / 1e3 / f64::from(load.users)
    }
}

/// Returns the highest resident set of loadgen with one user, the baseline of the others.
fn peak_alone(load: Load, folder: &Path) -> Result<f64> {
    let (stub, client) = (Stub::start()?, Client::Loadgen);
    let one = Load { users: 1, ..load };
    let mut command = client.command(&client.program()?, &stub.url(), one, folder)?;
    Ok(measure(&stub, &mut command)?.peak_rss_bytes)
}

/// Returns the error of loadgen's time stamps against the sender's in milliseconds: median, 99th
/// percentile.
fn stamp_errors(folder: &Path) -> Result<[f64; 2]> {
    let path = folder.join("load.json");
    let summary: LoadSummary = recording::io::load(&path, recording::LOAD_SCHEMA)?;
    let client = summary.client;
    Ok([client.stamp_error_p50_ns, client.stamp_error_p99_ns].map(|ns| ns as f64 / 1e6))
}

fn table(entrants: &[Entrant], load: Load) -> Result<String> {
    let mut text = format!(
        "{} users, 50 tokens 20 ms apart, {} rounds of {} s in turns\n\n\
         client                 CPU a token   RSS a user   CPU against the floor\n",
        load.users, load.rounds, load.seconds
    );
    for entrant in entrants {
        let (name, cpu) = (entrant.client.name(), stats::value(&entrant.cpu()) / 1e3);
        let rss = entrant.kb_a_user(load);
        write!(text, "{name:<22} {cpu:>8.2} µs   {rss:>7.0} kB")?;
        if entrant.client != Client::Floor {
            write!(text, "   {}", ratio(entrants, Client::Floor, entrant)?)?;
        }
        text.push('\n');
    }
    Ok(text)
}

/// Returns the cost of `of` as a multiple of that of `beside`, with the interval over rounds.
fn ratio(entrants: &[Entrant], beside: Client, of: &Entrant) -> Result<String> {
    let base = find(entrants, beside).context("it was not measured")?.cpu();
    let cpu = of.cpu();
    let ratio = stats::ratio(stats::value(&base), stats::value(&cpu));
    let [low, high] = stats::ratio_interval(&base, &cpu);
    Ok(format!("{ratio:.2}×  (95 %: {low:.2} to {high:.2})"))
}

fn find(entrants: &[Entrant], client: Client) -> Option<&Entrant> {
    entrants.iter().find(|entrant| entrant.client == client)
}

fn promises(entrants: &[Entrant], load: Load, alone: f64, errors: &[[f64; 2]]) -> Result<String> {
    let ours = find(entrants, Client::Loadgen).context("loadgen was not measured")?;
    let k6_sse = match find(entrants, Client::K6Sse) {
        Some(_) => ratio(entrants, Client::K6Sse, ours)?,
        None => "not measured".into(),
    };
    let users = f64::from(load.users);
    let added = (ours.kb_a_user(load) * users - alone / 1e3) / (users - 1.0).max(1.0);
    let worst = |at: usize| errors.iter().map(|error| error[at]).fold(0.0, f64::max);
    Ok(format!(
        "\nloadgen promises, and was measured at:\n\
         \x20 CPU beside the floor   at most {OF_FLOOR}×     {}\n\
         \x20 CPU beside k6 + SSE    at most {OF_K6_SSE}×     {k6_sse}\n\
         \x20 a user more            at most {KB_A_USER} kB    {:.1} kB\n\
         \x20 stamps off by, median  at most {} ms   {:.2} ms in the worst round\n\
         \x20 stamps off by, p99     at most {} ms     {:.2} ms in the worst round\n",
        ratio(entrants, Client::Floor, ours)?,
        added,
        ERROR_MS[0],
        worst(0),
        ERROR_MS[1],
        worst(1),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_quick_to_rounds_and_seconds() {
        let load = Load {
            users: 200,
            rounds: 8,
            seconds: 10,
            quick: true,
        };
        let quick = load.settled();
        assert_eq!((quick.users, quick.rounds, quick.seconds), (200, 3, 4));
    }

    #[test]
    fn prints_ratios_and_missing_tools() {
        let entrant = |client, cpu_ns| Entrant {
            client,
            program: PathBuf::new(),
            costs: vec![
                Cost {
                    tokens: 1000.0,
                    cpu_ns,
                    peak_rss_bytes: 6e6
                };
                3
            ],
        };
        let load = Load {
            users: 200,
            rounds: 3,
            seconds: 10,
            quick: false,
        };
        let entrants = [entrant(Client::Floor, 7e6), entrant(Client::Loadgen, 7.7e6)];
        let text = table(&entrants, load).unwrap();
        let line = "loadgen                    7.70 µs        30 kB   1.10×  (95 %: 1.10 to 1.10)";
        assert!(text.contains(line), "{text}");
        let text = promises(&entrants, load, 2.02e6, &[[0.1, 2.0], [0.3, 1.0]]).unwrap();
        assert!(text.contains("not measured"), "{text}");
        assert!(
            text.contains("0.30 ms") && text.contains("2.00 ms") && text.contains("20.0 kB"),
            "{text}"
        );
    }
}
