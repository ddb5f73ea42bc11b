//! Metrics for an OpenTelemetry collector, with the identity of the load generator.

use super::metrics::{self, PREFIX};
use crate::measure::Totals;
use report::metrics::otlp;
use serde_json::Value;

/// Identity of the load generator.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Name that differs from that of any other load generator with the same collector.
    pub instance: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Start of the load, nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
}

/// Returns an `ExportMetricsServiceRequest` with the counts up to `unix_ns`.
pub fn export(origin: &Origin, totals: &Totals, unix_ns: u64) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let resource = [
        ("service.name", PREFIX),
        ("service.version", version),
        ("service.instance.id", &origin.instance),
        ("loadgen.scenario", &origin.scenario),
    ];
    let source = otlp::Source {
        name: PREFIX,
        version,
        resource: resource.map(|(key, value)| otlp::text(key, value)).to_vec(),
        start_unix_ns: origin.start_unix_ns,
    };
    otlp::export(&source, &metrics::all(totals), unix_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_the_identity_of_the_load_generator() {
        let origin = Origin {
            instance: "here-1".into(),
            scenario: "quick".into(),
            start_unix_ns: 5,
        };
        let request = export(&origin, &Totals::default(), 9);
        let attributes = &request["resourceMetrics"][0]["resource"]["attributes"];
        assert_eq!(attributes[0]["value"]["stringValue"], "loadgen");
        assert_eq!(attributes[2]["value"]["stringValue"], "here-1");
    }
}
