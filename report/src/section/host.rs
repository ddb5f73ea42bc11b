//! Where it was measured, and how to do it again.

use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Block, Fact, Section};
use crate::{Input, units};
use recording::host::Noise;
use recording::served::Database;
use recording::{Recording, Served};
use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

/// Load, rounds and time in one line.
pub fn subtitle(arms: &Arms) -> String {
    let Some(first) = arms.recordings().next() else {
        return String::new();
    };
    let mut parts = Vec::new();
    if let Some(load) = first.load.as_ref().filter(|load| !load.scenario.is_empty()) {
        parts.push(format!("scenario {}", clean(&load.scenario)));
    }
    parts.extend(first.served.as_ref().map(served));
    let rounds = arms
        .list
        .iter()
        .map(|arm| arm.rounds.len())
        .max()
        .unwrap_or_default();
    let window = units::one("ns", first.window.duration_ns as f64);
    parts.push(if rounds == 1 {
        format!("1 round of {window}")
    } else {
        format!("{rounds} rounds of {window}")
    });
    parts.push(clean(&first.host.cpu_model));
    parts.push(format!("Linux {}", clean(&first.host.kernel)));
    parts.push(time(first));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// The workload, and what it was kept in.
fn served(served: &Served) -> String {
    let workload = format!("workload {}", clean(&served.workload));
    match &served.database {
        Some(Database { engine, version }) => {
            let database = format!("{} {}", clean(engine), clean(version));
            format!("{workload} in {}", database.trim_end())
        }
        None => workload,
    }
}

/// The options of `kontrast run` that ask for it.
fn asked_for(served: &Served) -> String {
    let workload = format!(" --workload {}", quote(&clean(&served.workload)));
    match &served.database {
        Some(database) if database.engine != "sqlite" => {
            let service = format!("{}=COMMAND", clean(&database.engine));
            format!("{workload} --service {}", quote(&service))
        }
        _ => workload,
    }
}

fn time(round: &Recording) -> String {
    let start = UNIX_EPOCH + Duration::from_secs(round.window.start_unix_ns / 1_000_000_000);
    humantime::format_rfc3339_seconds(start)
        .to_string()
        .replace('T', " ")
        .replace('Z', " UTC")
}

/// Host, arms and the commands that repeat the measurement.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    arms.recordings().next()?;
    let mut blocks = vec![Block::Facts { rows: facts(arms) }];
    blocks.push(Block::Heading {
        text: "How to reproduce".into(),
    });
    blocks.extend(commands(input, arms));
    Some(Section {
        id: "host",
        title: "Host and how to reproduce",
        lead: String::new(),
        blocks,
    })
}

fn facts(arms: &Arms) -> Vec<Fact> {
    // Values that differ between recordings are all shown: then the hosts were not the same.
    let all = |value: &dyn Fn(&Recording) -> String| {
        let values: BTreeSet<String> = arms.recordings().map(value).collect();
        values.into_iter().collect::<Vec<_>>().join(" | ")
    };
    let mut rows = vec![
        Fact::new(
            "Kernel",
            all(&|r| format!("{} ({})", clean(&r.host.kernel), clean(&r.host.arch))),
        ),
        Fact::new(
            "CPU",
            all(&|r| format!("{}, {} online", clean(&r.host.cpu_model), r.host.cpus)),
        ),
        Fact::new(
            "Memory",
            all(&|r| units::one("bytes", r.host.memory_bytes as f64)),
        ),
        Fact::new("Virtualization", all(&|r| clean(&r.host.virtualization))),
        Fact::new("Placement", all(&|r| clean(&r.host.cpu_placement))),
        Fact::new("Stolen by the hypervisor", stolen(arms)),
    ];
    if arms.recordings().any(|round| round.served.is_some()) {
        let of = |round: &Recording| round.served.as_ref().map_or("not told".into(), served);
        rows.push(Fact::new("Served", all(&of)));
    }
    rows.extend(
        arms.recordings()
            .find_map(|r| r.host.noise.as_ref())
            .map(noise),
    );
    rows.extend(
        arms.list
            .iter()
            .filter(|arm| !arm.rounds.is_empty())
            .map(arm_fact),
    );
    rows
}

/// A difference smaller than what an arm differs from itself by is no difference.
fn noise(noise: &Noise) -> Fact {
    let floor = |metric: &str| {
        let floor = noise.metrics.get(metric).copied().unwrap_or(f64::NAN);
        format!("±{:.1} %", 100.0 * floor)
    };
    let value = format!(
        "{} against itself: {} in CPU time per token, {} in resident memory ({} rounds of {} s, {})",
        clean(&noise.arm),
        floor("cpu_ns_per_token"),
        floor("rss_bytes"),
        noise.rounds,
        noise.seconds,
        clean(&noise.measured)
    );
    Fact::new("Noise", value)
}

fn stolen(arms: &Arms) -> String {
    let stolen: u64 = arms.recordings().map(|round| round.host.steal_ns).sum();
    format!(
        "{} over all windows and CPUs",
        units::one("ns", stolen as f64)
    )
}

fn arm_fact(arm: &Arm) -> Fact {
    let target = &arm.rounds[0].target;
    let command: Vec<String> = target.cmdline.iter().map(|word| clean(word)).collect();
    let mut value = format!(
        "{} {}",
        clean(&target.runtime),
        clean(&target.runtime_version)
    );
    if target.binary_bytes > 0 {
        value += &format!(
            ", executable {}",
            units::one("bytes", target.binary_bytes as f64)
        );
    }
    Fact::new(
        format!("Arm {}", arm.name),
        format!("{value}; {}", command.join(" ")),
    )
}

fn commands(input: &Input, arms: &Arms) -> Vec<Block> {
    let mut blocks = Vec::new();
    let scenario = arms
        .recordings()
        .find_map(|round| round.load.as_ref().map(|load| clean(&load.scenario)));
    let scenario = scenario.filter(|scenario| !scenario.is_empty());
    let names: Vec<&str> = arms.names().collect();
    match (input.comparison, scenario) {
        (Some(_), Some(scenario)) => {
            let rounds = arms
                .list
                .iter()
                .map(|arm| arm.rounds.len())
                .max()
                .unwrap_or(1);
            let served = arms.recordings().find_map(|round| round.served.as_ref());
            let asked = format!(
                "{}{} --scenario {}",
                quote(&names.join(",")),
                served.map(asked_for).unwrap_or_default(),
                quote(&scenario)
            );
            blocks.push(Block::Command {
                text: format!("kontrast run --arms {asked} --rounds {rounds}"),
            });
        }
        _ => blocks.push(Block::Command {
            text: format!(
                "kontrast record --pid PID --arm {} --out DIR",
                quote(names.first().unwrap_or(&"NAME"))
            ),
        }),
    }
    blocks.push(Block::paragraph(
        "Render this report again, in any format, without privileges:",
    ));
    blocks.push(Block::Command {
        text: "kontrast report DIR --format html,text,svg,png,json".into(),
    });
    blocks
}

/// A word that a shell takes as it is.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_safe_to_paste() {
        assert_eq!(quote("go,bun:smol"), "go,bun:smol");
        assert_eq!(quote("$(reboot)"), "'$(reboot)'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }

    #[test]
    fn what_was_served_is_told_and_can_be_asked_for_again() {
        let mut threads = Served {
            workload: "threads".into(),
            database: None,
        };
        assert_eq!(served(&threads), "workload threads");
        assert_eq!(asked_for(&threads), " --workload threads");
        threads.database = Some(Database {
            engine: "postgres".into(),
            version: "15.18".into(),
        });
        assert_eq!(served(&threads), "workload threads in postgres 15.18");
        assert_eq!(
            asked_for(&threads),
            " --workload threads --service postgres=COMMAND"
        );
        threads.workload = "$(reboot)".into();
        assert!(asked_for(&threads).starts_with(" --workload '$(reboot)'"));
    }

    #[test]
    fn time_is_readable() {
        let mut round = Recording::default();
        round.window.start_unix_ns = 1_795_312_800_000_000_000;
        assert_eq!(time(&round), "2026-11-22 02:00:00 UTC");
    }
}
