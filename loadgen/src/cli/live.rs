//! What others can see of a run while it lasts: metrics to fetch, and metrics sent.

use super::run::Run;
use crate::measure::Totals;
use crate::output::exporter::Exporter;
use crate::output::prometheus::{self, Latest};
use anyhow::Context as _;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How often metrics are sent.
const EVERY: Duration = Duration::from_secs(5);

/// Shows counts to whoever asked for them.
pub(super) struct Live {
    latest: Latest,
    deliveries: Option<(oneshot::Sender<()>, JoinHandle<Exporter>)>,
}

impl Live {
    /// Begins, as the command line asks.
    pub async fn start(run: &Run, exporter: Option<Exporter>) -> anyhow::Result<Self> {
        let latest = Latest::default();
        if let Some(address) = run.prometheus {
            let listener = TcpListener::bind(address).await.with_context(|| {
                format!("cannot serve metrics at {address}; choose another --prometheus address")
            })?;
            eprintln!("metrics at http://{}/metrics", listener.local_addr()?);
            tokio::spawn(prometheus::serve(listener, latest.clone()));
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

    /// Shows these counts from now on.
    pub fn show(&self, totals: Arc<Totals>) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = totals;
    }

    /// Sends the counts of the whole run, which is all that matters should others have been lost.
    pub async fn end(self, totals: Arc<Totals>) -> anyhow::Result<()> {
        self.show(totals.clone());
        let Some((stop, deliveries)) = self.deliveries else {
            return Ok(());
        };
        // It ends by itself only if it panicked, which the next line tells.
        let _ = stop.send(());
        let mut exporter = deliveries.await?;
        if let Err(reason) = exporter.deliver(&totals).await {
            warn(&exporter, &reason, "the metrics there are incomplete");
        }
        Ok(())
    }
}

/// Tells of the first delivery that failed; the counts in the next one make up for it.
async fn deliver(
    mut exporter: Exporter,
    latest: Latest,
    mut stopped: oneshot::Receiver<()>,
) -> Exporter {
    let mut warned = false;
    let mut ticker = tokio::time::interval(EVERY);
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
            warn(&exporter, &reason, "trying on");
            warned = true;
        }
    }
}

fn warn(exporter: &Exporter, reason: &str, consequence: &str) {
    let url = exporter.url();
    eprintln!("loadgen: cannot deliver metrics to {url}: {reason}; {consequence}");
}
