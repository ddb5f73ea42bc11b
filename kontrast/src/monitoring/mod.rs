//! Live counts of a recording for monitoring systems, while it runs.

mod accept;
mod exporter;
mod server;

use anyhow::Result;
pub use exporter::Collector;
use exporter::Exporter;
use recording::Recording;
use server::{Page, Server};
use std::net::{Ipv4Addr, SocketAddr};
use top::metrics::Totals;

/// Counts so far, and where they go.
pub struct Monitoring {
    totals: Totals,
    server: Option<Server>,
    exporter: Option<Exporter>,
}

impl Monitoring {
    /// Listens where metrics are served, and begins to export. `None` if neither is asked for.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub fn begin(serve: Option<SocketAddr>, collector: Option<&Collector>) -> Result<Option<Self>> {
        if serve.is_none() && collector.is_none() {
            return Ok(None);
        }
        let server = serve.map(Server::listen).transpose()?;
        Ok(Some(Monitoring {
            totals: Totals::default(),
            exporter: collector.cloned().map(Exporter::begin).transpose()?,
            server,
        }))
    }

    /// Publishes the counts so far.
    pub fn add(&mut self, counts: Recording) {
        self.totals.add(counts);
        if let Some(server) = &self.server {
            server.publish(Page::of(&self.totals));
        }
        if let Some(exporter) = &mut self.exporter {
            exporter.offer(&self.totals);
        }
    }

    /// Exports the last counts.
    pub fn end(self) {
        if let Some(exporter) = self.exporter {
            exporter.end(&self.totals);
        }
    }
}

/// Reads `PORT` or `ADDRESS:PORT`; without an address it is the loopback's.
///
/// # Errors
/// The text is neither.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<u16>() {
        Ok(port) => Ok((Ipv4Addr::LOCALHOST, port).into()),
        Err(_) => text
            .parse()
            .map_err(|_| "must be PORT or ADDRESS:PORT, as 9464 or 127.0.0.1:9464".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listens_on_the_loopback_by_default() {
        assert_eq!(address("9464"), Ok(([127, 0, 0, 1], 9464).into()));
        assert_eq!(address("0.0.0.0:80"), Ok(([0, 0, 0, 0], 80).into()));
        assert!(address("localhost").is_err());
    }
}
