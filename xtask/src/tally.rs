//! Counts tests that passed and failed.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Numbers of tests by result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Names of failed tests, where they have one.
    pub names: Vec<String>,
    /// Checks that this machine cannot make, each with the reason.
    pub left_out: Vec<String>,
}

impl Counts {
    /// One check that passed.
    pub const ONE: Self = Self::new(1, 0);

    const fn new(passed: u64, failed: u64) -> Self {
        Self {
            passed,
            failed,
            names: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Says how a step ended.
    fn word(&self) -> &'static str {
        match (self.passed, self.failed) {
            (0, 0) if !self.left_out.is_empty() => "left out",
            (_, 0) => "ok",
            _ => "FAILED",
        }
    }

    /// Adds a line such as `test result: ok. 6 passed; 0 failed; …`, and remembers the test of one
    /// such as `test its::name ... FAILED`. Other lines count nothing.
    pub fn add_line(&mut self, line: &str) {
        if let Some(test) = line.strip_suffix(" ... FAILED") {
            let name = test.strip_prefix("test ").unwrap_or(test);
            return self.names.push(name.trim_end().to_owned());
        }
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let words: Vec<&str> = result.split([' ', ';', '.']).collect();
        for pair in words.windows(2) {
            let number = pair[0].parse().unwrap_or(0);
            match pair[1] {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

/// The steps so far.
#[derive(Default)]
pub struct Tally {
    steps: Vec<(&'static str, Counts, Duration)>,
}

impl Tally {
    /// Runs a step. An error is printed and counts as one failure.
    pub fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<Counts>) {
        eprintln!("\n── {name}");
        let begun = Instant::now();
        let counts = work().unwrap_or_else(|error| {
            eprintln!("{name}: {error:#}");
            Counts::new(0, 1)
        });
        self.steps.push((name, counts, begun.elapsed()));
    }

    /// Prints every step, the failed tests, and the totals on the last line.
    pub fn close(&self) -> ExitCode {
        println!();
        let mut sum = Counts::default();
        for (name, counts, took) in &self.steps {
            let word = counts.word();
            println!("{name:<14} {word:<8} {:>4} s", took.as_secs());
            sum.passed += counts.passed;
            sum.failed += counts.failed;
        }
        for name in self.steps.iter().flat_map(|(_, counts, _)| &counts.names) {
            println!("failed: {name}");
        }
        for reason in self
            .steps
            .iter()
            .flat_map(|(_, counts, _)| &counts.left_out)
        {
            println!("left out: {reason}");
        }
        println!("{} passed, {} failed", sum.passed, sum.failed);
        ExitCode::from(u8::from(sum.failed > 0 || sum.passed == 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn adds_up_result_lines() {
        let mut counts = Counts::default();
        counts.add_line("test result: ok. 6 passed; 0 failed; 0 ignored; 0 measured");
        counts.add_line("test result: FAILED. 3 passed; 2 failed; 1 ignored");
        counts.add_line("test a_passed_test ... ok");
        counts.add_line("test a::failed_test   ... FAILED");
        assert_eq!((counts.passed, counts.failed), (9, 2));
        assert_eq!(counts.names, ["a::failed_test"]);
    }

    #[test]
    fn fails_if_one_step_does() {
        let mut tally = Tally::default();
        tally.step("good", || Ok(Counts::ONE));
        assert_eq!(tally.close(), ExitCode::SUCCESS);
        tally.step("bad", || bail!("no"));
        assert_eq!(tally.close(), ExitCode::FAILURE);
    }

    #[test]
    fn fails_without_any_test() {
        assert_eq!(Tally::default().close(), ExitCode::FAILURE);
        let mut tally = Tally::default();
        let without_any = || {
            Ok(Counts {
                left_out: vec!["no network".into()],
                ..Counts::default()
            })
        };
        tally.step("kernels", without_any);
        assert_eq!(tally.steps[0].1.word(), "left out");
        assert_eq!(tally.close(), ExitCode::FAILURE);
    }
}
