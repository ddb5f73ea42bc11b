//! Exchanges over sockets by the role of the recorded process: cost of the programs that measure
//! answers of upstreams and of name servers, beside that of exchanges that have none.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use recording::Recording;
use recording::vocabulary::ProbeGroup;

use super::spread;

/// A question and its answer, of which the recorded process has one.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// Arguments of `exchange`.
    pub arguments: &'static [&'static str],
    /// Role of the recorded process.
    about: &'static str,
    /// Number that only this exchange has.
    measures: &'static str,
}

/// All kinds of exchange.
pub const EXCHANGES: [Exchange; 4] = [
    Exchange {
        arguments: &["server"],
        about: "answers over a TCP connection that it accepted",
        measures: "requests",
    },
    Exchange {
        arguments: &["client"],
        about: "asks over a TCP connection that it opened",
        measures: "answers of upstreams",
    },
    Exchange {
        arguments: &["datagrams", "0"],
        about: "asks by datagrams at another port than 53",
        measures: "–",
    },
    Exchange {
        arguments: &["datagrams", "53"],
        about: "asks by datagrams at port 53",
        measures: "answers of name servers",
    },
];

/// Time in programs about sockets, and their runs, for one exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    ns: f64,
    runs: f64,
    per_second: f64,
}

impl Cost {
    /// Reads the cost of a recorded process that makes nothing but exchanges. The other process
    /// causes as many runs, which find that it is not recorded.
    ///
    /// # Errors
    /// The process made none.
    pub fn of(recording: &Recording) -> Result<Self> {
        let mut calls = recording.syscalls.iter();
        let sends = calls.find(|call| call.name == "sendto");
        let exchanges = sends.map(|call| call.count as f64).unwrap_or_default();
        anyhow::ensure!(exchanges > 0.0, "the process exchanged nothing");
        let groups = recording.observer.probe_groups.iter();
        let of_sockets = groups.filter(|group| {
            let (sockets, arrival) = (ProbeGroup::Sockets, ProbeGroup::SocketArrival);
            group.group == sockets || group.group == arrival
        });
        let costs = of_sockets.flat_map(|group| &group.costs);
        let (ns, runs) = costs.fold((0, 0), |(ns, runs), cost| {
            (ns + cost.run_ns, runs + cost.runs)
        });
        Ok(Self {
            ns: ns as f64 / exchanges,
            runs: runs as f64 / exchanges,
            per_second: exchanges * 1e9 / recording.window.duration_ns as f64,
        })
    }
}

/// Formats the rounds of each exchange as Markdown.
///
/// # Errors
/// An exchange has no round.
pub fn table(exchanges: &[(Exchange, Vec<Cost>)]) -> Result<String> {
    let mut text = String::from(
        "| the recorded process | measured besides bytes and calls | exchanges/s | runs of socket programs an exchange | ns an exchange, median (lowest–highest round) |\n|---|---|---|---|---|\n",
    );
    for (exchange, rounds) in exchanges {
        rounds.first().context("an exchange without a round")?;
        let (per_second, _, _) = spread(rounds.iter().map(|round| round.per_second));
        let (runs, _, _) = spread(rounds.iter().map(|round| round.runs));
        let (ns, low, high) = spread(rounds.iter().map(|round| round.ns));
        let (about, measures) = (exchange.about, exchange.measures);
        writeln!(
            text,
            "| {about} | {measures} | {per_second:.0} | {runs:.1} | {ns:.0} ({low:.0}–{high:.0}) |"
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::observer::{ProbeGroupStatus, ProgramCost};
    use recording::process::Syscall;

    #[test]
    fn divides_time_in_socket_programs_by_exchanges() {
        let mut recording = Recording::default();
        assert!(Cost::of(&recording).is_err());
        recording.window.duration_ns = 2_000_000_000;
        let (name, count) = ("sendto".into(), 1_000);
        recording.syscalls = vec![Syscall {
            name,
            count,
            ..Syscall::default()
        }];
        let group = |group, run_ns| ProbeGroupStatus {
            group,
            source: "tp_btf".into(),
            fallback_reason: String::new(),
            programs: Vec::new(),
            hits: 0,
            bpf_ns: 0,
            costs: vec![ProgramCost {
                program: "program".into(),
                runs: 2_000,
                run_ns,
            }],
            skipped: 0,
        };
        recording.observer.probe_groups = vec![
            group(ProbeGroup::Sockets, 300_000),
            group(ProbeGroup::SocketArrival, 100_000),
            group(ProbeGroup::Syscalls, 900_000),
        ];
        let cost = Cost::of(&recording).expect("exchanges");
        let expected = Cost {
            ns: 400.0,
            runs: 4.0,
            per_second: 500.0,
        };
        assert_eq!(cost, expected);
        let text = table(&[(EXCHANGES[0], vec![cost])]).expect("a table");
        assert!(
            text.ends_with("| requests | 500 | 4.0 | 400 (400–400) |\n"),
            "{text}"
        );
    }
}
