//! Runs the jobs of docs/tasks.md in tokio tasks.

mod idle;
mod work;

use std::io;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Serialize;

/// Result of a job.
#[derive(Default, Serialize)]
struct Done {
    done: usize,
    sum: u32,
}

/// One line on standard output.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    done: Done,
    ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut idle = idle::Idle::default();
    for line in io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        let start = Instant::now();
        let (done, error) = match perform(&mut idle, &words).await {
            Ok(done) => (done, None),
            Err(error) => (Done::default(), Some(format!("{error:#}"))),
        };
        let ns = u64::try_from(start.elapsed().as_nanos())?;
        println!("{}", serde_json::to_string(&Answer { done, ns, error })?);
    }
    Ok(())
}

async fn perform(idle: &mut idle::Idle, words: &[&str]) -> Result<Done> {
    let number = |at: usize| -> Result<usize> {
        let word = words.get(at).context("a number is missing")?;
        word.parse().with_context(|| format!("{word} is no number"))
    };
    match words[0] {
        "spawn" => Ok(idle.spawn(number(1)?).await),
        "end" => idle.end().await,
        "switch" => idle::hand(number(1)?).await,
        "compute" => work::compute(number(1)?, number(2)?).await,
        "read" => work::read(words[1].into(), number(2)?).await,
        other => bail!("unknown: {other}"),
    }
}
