//! The program's own code, runtime and libraries included.

use super::Row;
use super::{About, Case, Hit, Kind, Rule};
use crate::{quantity, work::USER_CODE};
use std::collections::BTreeMap;

/// See the module.
pub struct UserCode;

const ABOUT: About = About {
    id: "user-code",
    title: "User code",
    pattern: "Time in user mode, by thread role, and the memory region that samples of it fell into",
    meaning: "This is the runtime, its libraries and the program; the kernel sees how long it runs and where the code lies, not what it does",
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
        let rows = case.work(USER_CODE)?;
        let places = Places::of(case, &rows);
        let text = format!(
            "{} ({}){}",
            case.values(&rows),
            roles(case, &rows),
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
    let mut rows: Vec<&Row> = rows.iter().filter(|row| row.dear.value > 0.0).collect();
    rows.sort_by(|one, other| other.dear.value.total_cmp(&one.dear.value));
    let unit = &case.story.metric.unit;
    let told = rows.iter().take(2).map(|row| {
        let (value, wakeups) = (
            quantity::text(row.dear.value, unit),
            quantity::plain(row.dear.count),
        );
        format!("{}: {value} over {wakeups} wake-ups", row.role)
    });
    let told: Vec<String> = told.collect();
    format!("of {}, {}", case.dear.arm, told.join(", "))
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
