//! The program's own code, runtime and libraries included.

use super::{About, Case, Hit, Kind, Row, Rule};
use crate::{ledger::sampling, quantity, runtime::code::UNKNOWN, work};
use std::collections::BTreeMap;

/// See the module.
pub struct UserCode;

const ABOUT: About = About {
    id: "user-code",
    title: "User code",
    pattern: "Time in user mode, by thread role and by what samples of it say it does, and the memory region they fell into",
    meaning: "This is the runtime, its libraries and the program; what it does is known as far as the binary names its functions",
    remedy: "Profile the program itself (perf, the runtime's profiler) to split it further",
};

impl Rule for UserCode {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| work::is_user_code(&row.cause))?;
        let places = Places::of(case, &rows);
        let text = format!(
            "{} ({}){}{}",
            case.values(&rows),
            roles(case, &rows),
            doing(case, &rows),
            places.text()
        );
        Some(Hit {
            rows,
            text,
            evidence: places.evidence,
        })
    }
}

/// Where the code lay that samples found the dearer arm in.
struct Places {
    /// Samples by class of memory region.
    samples: BTreeMap<String, u64>,
    /// The threads that were sampled.
    evidence: Vec<String>,
}

impl Places {
    fn of(case: &Case<'_>, rows: &[Row]) -> Self {
        let mut places = Places {
            samples: BTreeMap::new(),
            evidence: Vec::new(),
        };
        for (path, recording) in &case.dear.rounds {
            for (index, thread) in recording.threads.iter().enumerate() {
                let ours = rows.iter().any(|row| row.role == thread.role);
                if ours && !thread.user_code.is_empty() {
                    places.add(&thread.user_code);
                    let at = format!("{path}#/threads/{index}/user_code");
                    places.evidence.push(at);
                }
            }
        }
        places
    }

    fn add(&mut self, samples: &BTreeMap<String, u64>) {
        for (class, count) in samples {
            *self.samples.entry(class.clone()).or_default() += count;
        }
    }

    /// `; of 200 samples, 75 % (± 6) fell into its binary, …`: shares with the 95 % error of their sampling, the three
    /// largest.
    fn text(&self) -> String {
        let all: u64 = self.samples.values().sum();
        let mut shares: Vec<(&str, u64)> = self
            .samples
            .iter()
            .map(|(class, count)| (class.as_str(), *count))
            .collect();
        shares.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let told: Vec<String> = shares
            .iter()
            .take(3)
            .map(|(class, count)| share(class, *count, all))
            .collect();
        match told.is_empty() {
            true => String::new(),
            false => format!("; of {all} samples, {}", told.join(", ")),
        }
    }
}

/// A share of samples and its error, by the normal approximation of the binomial distribution.
fn share(class: &str, count: u64, all: u64) -> String {
    let (count, all) = (count as f64, all as f64);
    let share = count / all;
    let error = 1.96 * (share * (1.0 - share) / all).sqrt();
    let place = match class {
        "binary text" => "its binary",
        "jit code" => "code that was compiled as it ran",
        "libraries" => "libraries",
        other => other,
    };
    format!(
        "{:.0} % (± {:.0}) fell into {place}",
        share * 100.0,
        (error * 100.0).max(1.0)
    )
}

/// What each role of the dearer arm runs, the two largest.
fn roles(case: &Case<'_>, rows: &[Row]) -> String {
    let mut roles: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for row in rows {
        let (value, wakeups) = roles.entry(&row.role).or_default();
        *value += row.dear.value;
        // Each of a role's rows counts all of its wake-ups.
        *wakeups = wakeups.max(row.dear.count);
    }
    let unit = &case.story.metric.unit;
    let told = largest(roles, |(value, _)| *value, 2).map(|(role, (value, wakeups))| {
        let (value, wakeups) = (quantity::text(value, unit), quantity::plain(wakeups));
        format!("{role}: {value} over {wakeups} wake-ups")
    });
    let told: Vec<String> = told.collect();
    format!("of {}, {}", case.dear.arm, told.join(", "))
}

/// `; application code 12.1 µs ± 1.3 µs, …`: what the dearer arm does more, the three largest; nothing if it is not known.
fn doing(case: &Case<'_>, rows: &[Row]) -> String {
    let mut kinds: BTreeMap<&str, (f64, Option<f64>)> = BTreeMap::new();
    for row in rows {
        let (more, error) = kinds.entry(&row.cause).or_default();
        *more += row.more;
        *error = sampling::together(*error, row.sampling_error);
    }
    let unit = &case.story.metric.unit;
    let largest: Vec<_> = largest(kinds, |(more, _)| *more, 3).collect();
    if largest.iter().all(|(kind, _)| *kind == UNKNOWN) {
        return String::new();
    }
    let told = largest.into_iter().map(|(kind, (more, error))| {
        let kind = if kind == UNKNOWN {
            "what has no name"
        } else {
            kind
        };
        let error = error.map(|error| format!(" ± {}", quantity::text(error, unit)));
        format!(
            "{kind} {}{}",
            quantity::text(more, unit),
            error.unwrap_or_default()
        )
    });
    let told: Vec<String> = told.collect();
    format!("; thereof more {}", told.join(", "))
}

/// The largest entries above zero.
fn largest<T: Copy>(
    sums: BTreeMap<&str, T>,
    size: fn(&T) -> f64,
    most: usize,
) -> impl Iterator<Item = (&str, T)> {
    let mut sums: Vec<(&str, T)> = sums
        .into_iter()
        .filter(|(_, sum)| size(sum) > 0.0)
        .collect();
    sums.sort_by(|one, other| size(&other.1).total_cmp(&size(&one.1)));
    sums.into_iter().take(most)
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn busy_code_is_found() {
        let found = planted("user-code", |build| {
            build.thread(9, MAIN, |thread| thread.user(DOSE, 0))
        });
        assert_whole(&found);
    }

    #[test]
    fn samples_say_what_it_does() {
        let found = planted("user-code", |build| {
            let build = build.thread(9, MAIN, |thread| thread.user(DOSE, 0));
            build.with(|recording| {
                recording.target.runtime = "go".into();
                let threads = recording.threads.len();
                recording.threads[threads - 1].samples.user = 100;
                recording.code = vec![recording::process::CodeSamples {
                    role: MAIN.into(),
                    function: "main.burn".into(),
                    class: "binary text".into(),
                    samples: 100,
                    ..Default::default()
                }];
            })
        });
        assert_whole(&found);
        let told = "; thereof more application code 30.0 µs ± ";
        assert!(found.text.contains(told), "{}", found.text);
    }

    #[test]
    fn samples_say_where_the_code_lies() {
        let samples = |pairs: &[(&str, u64)]| {
            let pairs = pairs.iter().map(|(class, count)| ((*class).into(), *count));
            super::Places {
                samples: pairs.collect(),
                evidence: vec![],
            }
        };
        assert_eq!(samples(&[]).text(), "");
        assert_eq!(
            samples(&[("jit code", 20), ("binary text", 150), ("libraries", 30)]).text(),
            "; of 200 samples, 75 % (± 6) fell into its binary, 15 % (± 5) fell into libraries, \
             10 % (± 4) fell into code that was compiled as it ran"
        );
    }
}
