//! Delivers metrics to an OpenTelemetry collector.

use super::otlp::{self, Origin};
use crate::Error;
use crate::client::{Connection, Failure, Request, Target, Template, Transport, Values, Wire};
use crate::clock::{now_ns, unix_offset_ns};
use crate::measure::Totals;
use std::sync::Arc;
use std::time::Duration;

/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of an answer is kept, to tell why the collector refused.
const MAX_ANSWER_BYTES: usize = 4096;

/// Delivers to one collector; its connection is kept.
pub struct Exporter {
    origin: Origin,
    target: Target,
    request: Request,
    connection: Option<Connection>,
    /// Bytes of deliveries, which are none of the load's.
    wire: Arc<Wire>,
}

impl Exporter {
    /// For the collector at `url`; without a path, OTLP's own is used.
    ///
    /// # Errors
    /// If the URL or a header (`Name: value`) makes no sense.
    pub fn new(
        url: &str,
        transport: &Transport,
        headers: &[String],
        scenario: &str,
    ) -> Result<Self, Error> {
        let begin = url.find("://").map_or(0, |at| at + 3);
        let url = match url[begin..].trim_end_matches('/') {
            host if host.contains('/') => url.to_string(),
            _ => format!("{}/v1/metrics", url.trim_end_matches('/')),
        };
        let start_unix_ns = unix_offset_ns() + now_ns();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Ok(Self {
            origin: Origin {
                instance: format!("{}-{}-{start_unix_ns}", host.trim(), std::process::id()),
                scenario: scenario.into(),
                start_unix_ns,
            },
            target: Target::new(&url, transport)?,
            request: Request::new(Template::parse(""), headers)?,
            connection: None,
            wire: Arc::default(),
        })
    }

    /// Where to.
    pub fn url(&self) -> &str {
        &self.target.url
    }

    /// Delivers what was counted so far.
    ///
    /// # Errors
    /// In words, if the collector could not be reached or did not take it.
    pub async fn deliver(&mut self, totals: &Totals) -> Result<(), String> {
        let unix_ns = unix_offset_ns() + now_ns();
        let body = otlp::export(&self.origin, totals, unix_ns).to_string();
        self.request.body = Template::Fixed(body.into());
        let exchange = tokio::time::timeout(PATIENCE, self.exchange()).await;
        let (status, answer) = exchange
            .unwrap_or(Err(Failure::Timeout))
            .map_err(|failure| failure.to_string())?;
        let answer = String::from_utf8_lossy(&answer);
        match status {
            200..300 if answer.contains("\"rejectedDataPoints\"") => {
                Err(format!("only a part was taken: {answer:?}"))
            }
            200..300 => Ok(()),
            _ => Err(format!("status {status}: {answer:?}")),
        }
    }

    async fn exchange(&mut self) -> Result<(u16, Vec<u8>), Failure> {
        let (kept, wire) = (self.connection.take(), self.wire.clone());
        let mut connection = Connection::again(kept, &self.target, wire).await?;
        let request = self.target.address_to(&self.request, &Values::default());
        let status = connection.send(request).await?.status;
        let mut answer = Vec::new();
        let mut take = |piece: &[u8], _| {
            let room = MAX_ANSWER_BYTES - answer.len();
            answer.extend_from_slice(&piece[..piece.len().min(room)]);
            Ok(())
        };
        connection.body(&mut take).await?;
        self.connection = Some(connection);
        Ok((status, answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn otlps_own_path_is_used_where_none_is_given() {
        let url = |url: &str| {
            let exporter = Exporter::new(url, &Transport::default(), &[], "quick").unwrap();
            exporter.url().to_string()
        };
        assert_eq!(url("http://127.0.0.1:1"), "http://127.0.0.1:1/v1/metrics");
        assert_eq!(url("http://127.0.0.1:1/"), "http://127.0.0.1:1/v1/metrics");
        assert_eq!(url("http://127.0.0.1:1/otlp"), "http://127.0.0.1:1/otlp");
    }

    #[test]
    fn nonsense_is_refused() {
        for url in ["", "127.0.0.1:4318", "grpc://127.0.0.1:4317"] {
            assert!(
                Exporter::new(url, &Transport::default(), &[], "quick").is_err(),
                "{url}"
            );
        }
    }
}
