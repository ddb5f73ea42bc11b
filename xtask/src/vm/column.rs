//! Results of one kernel, read from the output of its machine.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::kernels::{MINIMUM, numbers};

/// Begins the last line of a machine that did not end in time.
pub const TIMED_OUT: &str = "@out of time after ";

/// Sources and test results of one kernel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// The release, as `uname -r` prints it.
    pub release: String,
    /// Each probe group, and the source that serves it.
    pub groups: Vec<(String, String)>,
    /// Why nothing can be recorded there.
    pub problem: Option<String>,
    /// Number of tests that passed.
    pub passed: u64,
    /// Number of tests that failed.
    pub failed: u64,
    /// Names of the tests that failed.
    pub failures: Vec<String>,
}

/// The part of `kontrast doctor --json` that the table shows.
#[derive(Deserialize)]
struct Doctor {
    signals: Vec<Signal>,
    problem: Option<String>,
}

#[derive(Deserialize)]
struct Signal {
    signal: String,
    source: String,
}

impl Column {
    /// Reads what a machine printed.
    pub fn read(output: &str) -> Result<Self> {
        let section = |name: &str| {
            let (_, rest) = output.split_once(&format!("@{name}"))?;
            Some(rest.split("\n@").next().unwrap_or(rest))
        };
        let timed_out = output.split_once(TIMED_OUT).map(|(_, time)| time.trim());
        let stopped = |problem: &str| match timed_out {
            Some(time) => format!("{problem}: out of time after {time}"),
            None => problem.to_owned(),
        };
        let release = section("kernel ");
        let release = release.with_context(|| stopped("the kernel did not start our programs"))?;
        let doctor = section("doctor\n");
        let doctor = doctor.with_context(|| stopped("`kontrast doctor` did not run"))?;
        // Messages of the kernel and errors stand around it.
        let json = doctor.find('{').zip(doctor.rfind('}'));
        let json = json
            .and_then(|(begin, end)| doctor.get(begin..=end))
            .unwrap_or_default();
        let doctor: Doctor = serde_json::from_str(json)
            .with_context(|| stopped("`kontrast doctor --json` is not readable"))?;
        let mut column = Column {
            release: shortened(release.trim()),
            problem: doctor.problem,
            ..Self::default()
        };
        for Signal { signal, source } in doctor.signals {
            column.groups.push((signal, source));
        }
        column.read_tests(section("tests\n").unwrap_or_default());
        if column.problem.is_some() && numbers(&column.release) >= numbers(MINIMUM) {
            column.fail("(recording is refused)");
        }
        if !output.contains("\n@end") {
            column.fail(&stopped("(the machine did not come to its end)"));
        }
        Ok(column)
    }

    /// Reads results of tests. Output of a test may stand between its name and its result.
    fn read_tests(&mut self, lines: &str) {
        let mut test = "";
        for line in lines.lines() {
            let named = line
                .strip_prefix("test ")
                .and_then(|line| line.split_once(" ... "));
            let mut result = line;
            if let Some((name, rest)) = named {
                (test, result) = (name, rest);
            }
            match result.trim() {
                _ if test.is_empty() => continue,
                "ok" => self.passed += 1,
                "FAILED" => self.fail(test),
                "ignored" => {}
                _ => continue,
            }
            test = "";
        }
        if !test.is_empty() {
            self.fail(test);
        }
    }

    fn fail(&mut self, test: &str) {
        self.failed += 1;
        self.failures.push(test.to_owned());
    }

    /// Returns the probe groups that no source serves.
    pub fn without_source(&self) -> impl Iterator<Item = &str> {
        let groups = self.groups.iter();
        groups.filter_map(|(group, source)| (source == "none").then_some(group.as_str()))
    }

    /// Returns the source of a probe group, a dash without one.
    pub fn source(&self, group: &str) -> &str {
        let mut groups = self.groups.iter();
        groups
            .find(|(name, _)| name == group)
            .map_or("–", |(_, source)| source)
    }
}

/// Returns a release without Debian's flavour: `6.12.3 arm64`.
fn shortened(release: &str) -> String {
    let release = release.trim_end_matches("-cloud-amd64");
    release.replace("-cloud-arm64", " arm64")
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Output of a machine.
    pub const OUTPUT: &str = "boot\n@kernel 5.10.0\n@doctor\n[  1.2] noise\n{\"signals\": \
        [{\"signal\": \"sockets\", \"source\": \"none\"}], \"problem\": null}\n@doctor of uid 1000\nno {\n@tests\n\
        test counts::one ... kontrast: served by fentry\nok\ntest counts::two ... FAILED\n@end\n";

    #[test]
    fn reads_groups_and_results() {
        let column = Column::read(OUTPUT).unwrap();
        assert_eq!(column.release, "5.10.0");
        assert_eq!(column.source("sockets"), "none");
        assert_eq!((column.passed, column.failed), (1, 1));
        assert_eq!(column.failures, ["counts::two"]);
    }

    #[test]
    fn counts_a_machine_that_stops_early_as_failed() {
        let cut = OUTPUT.strip_suffix("@end\n").unwrap();
        assert_eq!(Column::read(cut).unwrap().failed, 2);
        assert!(Column::read("Kernel panic").is_err());
    }

    #[test]
    fn says_that_a_machine_ran_out_of_time() {
        let line = format!("{TIMED_OUT}1500 s\n");
        let cut = OUTPUT.replace("@end\n", &line);
        let last = Column::read(&cut).unwrap().failures.pop().unwrap();
        assert!(last.ends_with("end): out of time after 1500 s"), "{last}");
        let error = Column::read(&format!("[ 0.1] noise\n{line}")).unwrap_err();
        assert!(
            error.to_string().ends_with("out of time after 1500 s"),
            "{error}"
        );
    }
}
