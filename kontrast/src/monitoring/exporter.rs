//! Pushing metrics to an OpenTelemetry collector.

use anyhow::{Context, Result};
use runner::http;
use std::str::FromStr;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use top::metrics::Totals;

/// Time from one export to the next.
const INTERVAL: Duration = Duration::from_secs(5);
/// Longest wait for the collector.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a collector takes metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collector {
    authority: String,
    path: String,
}

impl FromStr for Collector {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let rest = url
            .strip_prefix("http://")
            .ok_or("must begin with http://; a collector beside this program needs no TLS")?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let has_port = authority
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !has_port || url.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err("must be http://HOST:PORT[/PATH], as http://127.0.0.1:4318".into());
        }
        let path = match path {
            "" => "/v1/metrics".into(),
            path => format!("/{path}"),
        };
        Ok(Collector {
            authority: authority.into(),
            path,
        })
    }
}

/// Exports on a thread: a slow collector must not hold up the recording.
pub struct Exporter {
    bodies: SyncSender<String>,
    thread: JoinHandle<()>,
    next: Instant,
}

impl Exporter {
    /// Begins to export.
    ///
    /// # Errors
    /// There can be no more threads.
    pub fn begin(collector: Collector) -> Result<Self> {
        // One export waits while another is under way. Later ones hold all that those have.
        let (bodies, taken) = sync_channel::<String>(1);
        let export = move || {
            let mut failed = false;
            for body in taken {
                let Collector { authority, path } = &collector;
                let result = http::post(authority, path, &body, PATIENCE);
                if let (Err(error), false) = (&result, failed) {
                    eprintln!(
                        "kontrast: http://{authority}{path} takes no metrics: {error:#}. The recording goes on, and tries again"
                    );
                }
                failed = result.is_err();
            }
        };
        let thread = std::thread::Builder::new().name("otlp".into());
        Ok(Exporter {
            bodies,
            thread: thread.spawn(export).context("cannot start a thread")?,
            next: Instant::now(),
        })
    }

    /// Exports the counts if it is time to.
    pub fn offer(&mut self, totals: &Totals) {
        let now = Instant::now();
        if now >= self.next {
            self.next = now + INTERVAL;
            // With one waiting, this one is left out.
            let _ = self.bodies.try_send(body(totals));
        }
    }

    /// Exports the last counts, and waits for the collector.
    pub fn end(self, totals: &Totals) {
        // A thread that has failed takes none.
        let _ = self.bodies.send(body(totals));
        drop(self.bodies);
        let _ = self.thread.join();
    }
}

fn body(totals: &Totals) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    totals.export(now).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_urls_of_collectors() {
        let of = |url: &str| url.parse::<Collector>();
        let expected = |path: &str| {
            Ok(Collector {
                authority: "[::1]:4318".into(),
                path: path.into(),
            })
        };
        assert_eq!(of("http://[::1]:4318"), expected("/v1/metrics"));
        assert_eq!(of("http://[::1]:4318/"), expected("/v1/metrics"));
        assert_eq!(of("http://[::1]:4318/a/b"), expected("/a/b"));
        for url in [
            "https://a:1",
            "127.0.0.1:4318",
            "http://host",
            "http://h:1/a b",
        ] {
            assert!(of(url).is_err(), "{url}");
        }
    }
}
