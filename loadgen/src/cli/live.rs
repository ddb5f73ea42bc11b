//! Metrics while the load runs: served to Prometheus, sent to an OpenTelemetry collector.

use crate::measure::Totals;
use crate::output::exporter::Exporter;
use crate::output::notice;
use crate::output::prometheus::Latest;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Interval between two OTLP exports.
const EXPORT_INTERVAL: Duration = Duration::from_secs(5);

/// Publishes the counts of the running load.
pub(super) struct Live {
    latest: Latest,
    deliveries: Option<(oneshot::Sender<()>, JoinHandle<Exporter>)>,
}

impl Live {
    /// Starts the Prometheus endpoint and the OTLP exports that the command line asks for.
    pub async fn start(
        prometheus: Option<SocketAddr>,
        exporter: Option<Exporter>,
    ) -> anyhow::Result<Self> {
        let latest = Latest::default();
        if let Some(address) = prometheus {
            let listener = TcpListener::bind(address).await.with_context(|| {
                format!("cannot serve metrics at {address}; choose another --prometheus address")
            })?;
            let address = listener.local_addr()?;
            notice(format_args!("metrics at http://{address}/metrics"));
            tokio::spawn(crate::output::prometheus::serve(listener, latest.clone()));
        }
        let deliveries = exporter.map(|exporter| {
            let (stop, stopped) = oneshot::channel();
            (
                stop,
                tokio::spawn(deliver(exporter, latest.clone(), stopped)),
            )
        });
        Ok(Self { latest, deliveries })
    }

    /// Publishes `totals` to both until the next call.
    pub fn publish(&self, totals: Arc<Totals>) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = totals;
    }

    /// Exports the counts of the whole run. They are cumulative, so a lost export loses nothing.
    pub async fn finish(self, totals: Arc<Totals>) -> anyhow::Result<()> {
        self.publish(totals.clone());
        let Some((stop, deliveries)) = self.deliveries else {
            return Ok(());
        };
        // Sending fails only if the task panicked; awaiting it below returns that panic.
        let _ = stop.send(());
        let mut exporter = deliveries.await?;
        if let Err(reason) = exporter.deliver(&totals).await {
            warn(&exporter, &reason, "the metrics there are incomplete");
        }
        Ok(())
    }
}

/// Exports until `stopped` fires. Only the first failure is reported: the next export, being
/// cumulative, replaces a lost one.
async fn deliver(
    mut exporter: Exporter,
    latest: Latest,
    mut stopped: oneshot::Receiver<()>,
) -> Exporter {
    let mut warned = false;
    let mut ticker = tokio::time::interval(EXPORT_INTERVAL);
    loop {
        tokio::select! {
            _ = &mut stopped => return exporter,
            _ = ticker.tick() => {}
        }
        let totals = latest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Err(reason) = exporter.deliver(&totals).await
            && !warned
        {
            warn(&exporter, &reason, "still trying");
            warned = true;
        }
    }
}

fn warn(exporter: &Exporter, reason: &str, consequence: &str) {
    let url = exporter.url();
    notice(format_args!(
        "loadgen: cannot deliver metrics to {url}: {reason}; {consequence}"
    ));
}
