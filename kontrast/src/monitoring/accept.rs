//! The form of metrics that a client asks for (RFC 9110, section 12.5.1).

use hyper::header::{ACCEPT, HeaderMap};

/// Prometheus's binary form, without its parameters.
const PROTOBUF: &str = "application/vnd.google.protobuf";
/// Both have to be there: other messages and encodings share the media type.
const PARAMETERS: [(&str, &str); 2] = [
    ("proto", "io.prometheus.client.metricfamily"),
    ("encoding", "delimited"),
];

/// Whether a client with these headers takes the binary form at least as well as text.
pub fn prefers_protobuf(headers: &HeaderMap) -> bool {
    let (mut protobuf, mut text) = (0.0_f32, 0.0_f32);
    let values = headers.get_all(ACCEPT).iter();
    for range in values.flat_map(|value| value.to_str().unwrap_or_default().split(',')) {
        let range = range.to_ascii_lowercase();
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let parameters: Vec<(&str, &str)> = parts.filter_map(parameter).collect();
        let quality = parameters.iter().find(|(name, _)| *name == "q");
        let quality = quality.map_or(1.0, |(_, value)| value.parse().unwrap_or(0.0));
        let delimited = PARAMETERS.iter().all(|wanted| parameters.contains(wanted));
        match kind {
            PROTOBUF if delimited => protobuf = protobuf.max(quality),
            "text/plain" | "text/*" | "*/*" => text = text.max(quality),
            _ => {}
        }
    }
    protobuf > 0.0 && protobuf >= text
}

fn parameter(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    Some((name.trim(), value.trim().trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    const BINARY: &str = "application/vnd.google.protobuf;\
        proto=io.prometheus.client.MetricFamily;encoding=delimited";

    fn prefers(accept: &str) -> bool {
        let accept = HeaderValue::from_str(accept).expect("a header");
        prefers_protobuf(&HeaderMap::from_iter([(ACCEPT, accept)]))
    }

    #[test]
    fn follows_the_order_of_prometheus() {
        let native = format!(
            "{BINARY};q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        );
        let classic = format!("text/plain;version=0.0.4;q=0.6,{BINARY};q=0.5,*/*;q=0.2");
        assert!(prefers(&native));
        assert!(!prefers(&classic));
    }

    #[test]
    fn keeps_to_text_for_all_others() {
        assert!(!prefers_protobuf(&HeaderMap::new()));
        assert!(prefers(BINARY));
        for accept in [
            "*/*".to_owned(),
            "text/html,*/*;q=0.8".to_owned(),
            "application/vnd.google.protobuf".to_owned(),
            BINARY.replace("delimited", "text"),
            BINARY.replace("MetricFamily", "Other"),
            format!("{BINARY};q=0"),
            format!("{BINARY};q=x"),
        ] {
            assert!(!prefers(&accept), "{accept}");
        }
    }
}
