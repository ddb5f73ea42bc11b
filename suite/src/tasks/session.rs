//! Rounds of all kinds and jobs.

use anyhow::{Context, Result};

use super::bounds::Limit;
use super::claims::{self, Statement};
use super::job::Job;
use super::kinds::Kind;
use super::measure::Values;
use super::rows::Rounds;
use super::{About, Report, Stop, host};
use crate::turns::order;

/// All measurements so far.
pub struct Session {
    kinds: Vec<Kind>,
    jobs: Vec<Job>,
    rounds: Rounds,
    done: usize,
    stopped: Vec<(usize, Job, Limit)>,
}

impl Session {
    /// Creates a session without measurements.
    pub fn new(kinds: Vec<Kind>, jobs: Vec<Job>) -> Self {
        Self {
            kinds,
            jobs,
            rounds: Rounds::default(),
            done: 0,
            stopped: Vec::new(),
        }
    }

    /// Measures each job of each kind, kinds taking turns. A kind that exceeded a limit gets no job
    /// of that size or more.
    ///
    /// # Errors
    /// Fails if a measurement does for another reason than a limit.
    pub fn round(
        &mut self,
        round: usize,
        mut measure: impl FnMut(&Kind, Job) -> Result<Values>,
    ) -> Result<()> {
        for job in self.jobs.clone() {
            for at in order(self.kinds.len(), round) {
                if self.is_beyond(at, job) {
                    continue;
                }
                let name = &self.kinds[at].name;
                eprintln!("round {}, {job}: {name}", round + 1);
                match measure(&self.kinds[at], job) {
                    Ok(values) => self.rounds.add(at, job, values),
                    Err(error) => {
                        let limit: Limit =
                            error.downcast().with_context(|| format!("{name}, {job}"))?;
                        eprintln!("  stopped: {limit}");
                        self.stopped.push((at, job, limit));
                    }
                }
            }
        }
        self.done += 1;
        Ok(())
    }

    fn is_beyond(&self, kind: usize, job: Job) -> bool {
        let as_much = |limit: Job| match (job, limit) {
            (Job::Idle(count), Job::Idle(most)) => count >= most,
            _ => job == limit,
        };
        self.stopped
            .iter()
            .any(|(stopped, limit, _)| *stopped == kind && as_much(*limit))
    }

    /// Returns the report, with statements tested; `how` is date and command line.
    pub fn report(&self, statements: &[Statement], how: String) -> Report {
        let names: Vec<String> = self.kinds.iter().map(|kind| kind.name.clone()).collect();
        let rows = self.rounds.rows(&names);
        let about = |kind: &Kind| About {
            name: kind.name.clone(),
            is: kind.is.clone(),
        };
        let stop = |(kind, job, limit): &(usize, Job, Limit)| Stop {
            kind: names[*kind].clone(),
            job: job.to_string(),
            limit: limit.clone(),
        };
        Report {
            schema: "kontrast.tasks/1",
            host: host(),
            how: format!("{how}; {} rounds, ratios with 95 % intervals", self.done),
            kinds: self.kinds.iter().map(about).collect(),
            jobs: self.jobs.iter().map(Job::to_string).collect(),
            claims: claims::judge(statements, &rows),
            rows,
            stops: self.stopped.iter().map(stop).collect(),
        }
    }
}
