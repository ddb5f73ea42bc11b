//! Rates of the stub while all streams are open.

use crate::{Server, cpu_ns, stats};
use anyhow::Context;
use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// How many streams the readers have seen begin and end.
#[derive(Default)]
pub struct Progress {
    pub begun: AtomicU32,
    pub ended: AtomicU32,
}

/// Sums of the stub at one moment.
struct Reading {
    time: Instant,
    tokens: f64,
    cpu_ns: f64,
}

/// Rates between two readings.
pub struct Steady {
    tokens_per_second: f64,
    cpu_ns_per_token: f64,
    core_share: f64,
}

impl fmt::Display for Steady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "with all streams open: {:.0} tokens a second, {:.2} µs CPU a token, {:.0} % of a core",
            self.tokens_per_second,
            self.cpu_ns_per_token / 1e3,
            self.core_share * 100.0
        )
    }
}

/// Measures from the first token of the last stream to the end of the first one. `None` if some
/// stream ended before all had begun.
pub async fn measure(
    stub: &Server,
    count: u32,
    progress: &Progress,
) -> anyhow::Result<Option<Steady>> {
    let has_ended = || progress.ended.load(Ordering::Relaxed) > 0;
    while progress.begun.load(Ordering::Relaxed) < count {
        if has_ended() {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begin = read(stub).await?;
    let mut end = None;
    // The answer to the last question may come when streams have ended: the one before counts.
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = read(stub).await?;
        if has_ended() {
            break;
        }
        end = Some(now);
    }
    Ok(end.map(|end| between(&begin, &end)))
}

async fn read(stub: &Server) -> anyhow::Result<Reading> {
    let stats = stats(&stub.addr).await?;
    let tokens = stats["tokens_sent"].as_f64().context("no tokens_sent")?;
    Ok(Reading {
        time: Instant::now(),
        tokens,
        cpu_ns: cpu_ns(stub.process.id())?,
    })
}

fn between(begin: &Reading, end: &Reading) -> Steady {
    let took = (end.time - begin.time).as_secs_f64();
    let (tokens, cpu_ns) = (end.tokens - begin.tokens, end.cpu_ns - begin.cpu_ns);
    Steady {
        tokens_per_second: tokens / took,
        cpu_ns_per_token: cpu_ns / tokens,
        core_share: cpu_ns / took / 1e9,
    }
}
