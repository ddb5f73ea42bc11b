//! Exporter of metrics to an OpenTelemetry collector.

use super::otlp::{self, Origin};
use crate::Error;
use crate::client::{Connection, Failure, Request, Target, Template, Transport, Values, Wire};
use crate::clock::{now_ns, unix_offset_ns};
use crate::measure::Totals;
use std::sync::Arc;
use std::time::Duration;

/// Longest time of one export.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// Size of the collector's answer that is kept for an error message.
const MAX_ANSWER_BYTES: usize = 4096;

/// Exporter to one collector, over a kept connection.
pub struct Exporter {
    origin: Origin,
    target: Target,
    request: Request,
    connection: Option<Connection>,
    /// Bytes of exports, which are not part of the load.
    wire: Arc<Wire>,
}

impl Exporter {
    /// Returns an exporter to the collector at `url`; its path is `/v1/metrics` by default.
    ///
    /// # Errors
    /// If the URL or a header (`Name: value`) is invalid.
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

    /// Returns the URL, with secrets masked.
    pub fn url(&self) -> &str {
        &self.target.url
    }

    /// Exports the counts so far.
    ///
    /// # Errors
    /// If the collector cannot be reached, or refuses the export.
    pub async fn deliver(&mut self, totals: &Totals) -> Result<(), String> {
        let unix_ns = unix_offset_ns() + now_ns();
        let body = otlp::export(&self.origin, totals, unix_ns).to_string();
        self.request.body = Template::Fixed(body.into());
        let exchange = tokio::time::timeout(EXPORT_TIMEOUT, self.exchange()).await;
        let (status, answer) = exchange
            .unwrap_or(Err(Failure::Timeout))
            .map_err(|failure| failure.to_string())?;
        let answer = String::from_utf8_lossy(&answer);
        match status {
            200..300 if answer.contains("\"rejectedDataPoints\"") => {
                Err(format!("the collector rejected a part: {answer:?}"))
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
    fn uses_otlps_path_by_default() {
        let url = |url: &str| {
            let exporter = Exporter::new(url, &Transport::default(), &[], "quick").unwrap();
            exporter.url().to_string()
        };
        assert_eq!(url("http://127.0.0.1:1"), "http://127.0.0.1:1/v1/metrics");
        assert_eq!(url("http://127.0.0.1:1/"), "http://127.0.0.1:1/v1/metrics");
        assert_eq!(url("http://127.0.0.1:1/otlp"), "http://127.0.0.1:1/otlp");
    }

    #[test]
    fn rejects_invalid_urls() {
        for url in ["", "127.0.0.1:4318", "grpc://127.0.0.1:4317"] {
            assert!(
                Exporter::new(url, &Transport::default(), &[], "quick").is_err(),
                "{url}"
            );
        }
    }
}
