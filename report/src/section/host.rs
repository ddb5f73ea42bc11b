//! The host, and the commands that repeat the measurement.

use crate::Input;
use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Block, Fact, Section};
use recording::host::Noise;
use recording::workload::{Database, Workload};
use recording::{Recording, format};
use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

/// Returns load, rounds, host and time in one line.
pub fn subtitle(arms: &Arms) -> String {
    let Some(first) = arms.recordings().next() else {
        return String::new();
    };
    let mut parts = Vec::new();
    if let Some(load) = first.load.as_ref().filter(|load| !load.scenario.is_empty()) {
        parts.push(format!("scenario {}", clean(&load.scenario)));
    }
    parts.extend(first.workload.as_ref().map(workload));
    let window = format::duration(first.window.duration_ns);
    parts.push(match most_rounds(arms) {
        1 => format!("1 round of {window}"),
        rounds => format!("{rounds} rounds of {window}"),
    });
    parts.push(clean(&first.host.cpu_model));
    parts.push(format!("Linux {}", clean(&first.host.kernel)));
    parts.push(time(first));
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

fn most_rounds(arms: &Arms) -> usize {
    let rounds = arms.list.iter().map(|arm| arm.rounds.len());
    rounds.max().unwrap_or_default()
}

/// Returns the workload with its database: `workload threads in postgres 15.18`.
fn workload(workload: &Workload) -> String {
    let name = format!("workload {}", clean(&workload.name));
    match &workload.database {
        Some(Database { engine, version }) => {
            let database = format!("{} {}", clean(engine), clean(version));
            format!("{name} in {}", database.trim_end())
        }
        None => name,
    }
}

/// Returns the options of `kontrast run` that ask for the workload.
fn options(workload: &Workload) -> String {
    let name = format!(" --workload {}", quote(&clean(&workload.name)));
    match &workload.database {
        Some(database) if database.engine != "sqlite" => {
            let service = format!("{}=COMMAND", clean(&database.engine));
            format!("{name} --service {}", quote(&service))
        }
        _ => name,
    }
}

fn time(round: &Recording) -> String {
    let start = UNIX_EPOCH + Duration::from_secs(round.window.start_unix_ns / 1_000_000_000);
    humantime::format_rfc3339_seconds(start)
        .to_string()
        .replace('T', " ")
        .replace('Z', " UTC")
}

/// Returns host, arms and commands; nothing without recordings.
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
    let kernel = |r: &Recording| format!("{} ({})", clean(&r.host.kernel), clean(&r.host.arch));
    let cpu = |r: &Recording| format!("{}, {} online", clean(&r.host.cpu_model), r.host.cpus);
    let mut rows = vec![
        Fact::new("Kernel", all(&kernel)),
        Fact::new("CPU", all(&cpu)),
        Fact::new("Memory", all(&|r| format::bytes(r.host.memory_bytes))),
        Fact::new("Virtualization", all(&|r| clean(&r.host.virtualization))),
        Fact::new("CPU placement", all(&|r| clean(&r.host.cpu_placement))),
        Fact::new("Steal (hypervisor)", steal(arms)),
    ];
    if arms.recordings().any(|round| round.workload.is_some()) {
        let of = |round: &Recording| round.workload.as_ref().map_or("unknown".into(), workload);
        rows.push(Fact::new("Workload", all(&of)));
    }
    let mut noises = arms
        .recordings()
        .filter_map(|round| round.host.noise.as_ref());
    rows.extend(noises.next().map(noise));
    let recorded = arms.list.iter().filter(|arm| !arm.rounds.is_empty());
    rows.extend(recorded.map(arm_fact));
    rows
}

/// Returns the difference of an arm from itself on this host, which bounds the differences that can
/// be measured.
fn noise(noise: &Noise) -> Fact {
    let bound = |metric: &str| {
        let bound = noise.metrics.get(metric).copied().unwrap_or(f64::NAN);
        format!("±{}", format::percent_tenths(bound))
    };
    let value = format!(
        "{} against itself: {} in CPU time per token, {} in resident memory ({} rounds of {} s, {})",
        clean(&noise.arm),
        bound("cpu_ns_per_token"),
        bound("rss_bytes"),
        noise.rounds,
        noise.seconds,
        clean(&noise.measured)
    );
    Fact::new("Noise", value)
}

fn steal(arms: &Arms) -> String {
    let steal_ns = arms.recordings().map(|round| round.host.steal_ns).sum();
    format!("{} over all windows and CPUs", format::duration(steal_ns))
}

fn arm_fact(arm: &Arm) -> Fact {
    let target = &arm.rounds[0].target;
    let command: Vec<String> = target.cmdline.iter().map(|word| clean(word)).collect();
    let version = clean(&target.runtime_version);
    let mut value = format!("{} {version}", target.runtime.label());
    if target.binary_bytes > 0 {
        value += &format!(", executable {}", format::bytes(target.binary_bytes));
    }
    Fact::new(
        format!("Arm {}", arm.name),
        format!("{value}; {}", command.join(" ")),
    )
}

fn commands(input: &Input, arms: &Arms) -> Vec<Block> {
    let mut loads = arms.recordings().filter_map(|round| round.load.as_ref());
    let scenario = loads.next().map(|load| clean(&load.scenario));
    let scenario = scenario.filter(|scenario| !scenario.is_empty());
    let names: Vec<&str> = arms.names().collect();
    let text = match scenario {
        Some(scenario) if input.comparison.arms.len() > 1 => {
            let mut workloads = arms
                .recordings()
                .filter_map(|round| round.workload.as_ref());
            format!(
                "kontrast run --arms {}{} --scenario {} --rounds {}",
                quote(&names.join(",")),
                workloads.next().map(options).unwrap_or_default(),
                quote(&scenario),
                most_rounds(arms)
            )
        }
        _ => format!(
            "kontrast record --pid PID --arm {} --out DIR",
            quote(names.first().unwrap_or(&"NAME"))
        ),
    };
    let again = "kontrast report DIR --format html,text,md,svg,png,json";
    vec![
        Block::Command { text },
        Block::paragraph("Render this report again, in any format, without privileges:"),
        Block::Command { text: again.into() },
    ]
}

/// Returns the word as a shell reads it unchanged.
fn quote(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:,=@+%".contains(letter);
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
    fn quotes_words_for_a_shell() {
        assert_eq!(quote("go,bun:smol"), "go,bun:smol");
        assert_eq!(quote("$(reboot)"), "'$(reboot)'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }

    #[test]
    fn names_the_workload_and_the_options_that_repeat_it() {
        let mut threads = Workload {
            name: "threads".into(),
            database: None,
        };
        assert_eq!(workload(&threads), "workload threads");
        assert_eq!(options(&threads), " --workload threads");
        threads.database = Some(Database {
            engine: "postgres".into(),
            version: "15.18".into(),
        });
        assert_eq!(workload(&threads), "workload threads in postgres 15.18");
        assert_eq!(
            options(&threads),
            " --workload threads --service postgres=COMMAND"
        );
        threads.name = "$(reboot)".into();
        assert!(options(&threads).starts_with(" --workload '$(reboot)'"));
    }

    #[test]
    fn formats_the_start_as_date_and_time() {
        let mut round = Recording::default();
        round.window.start_unix_ns = 1_795_312_800_000_000_000;
        assert_eq!(time(&round), "2026-11-22 02:00:00 UTC");
    }
}
