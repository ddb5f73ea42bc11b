//! HTTP/2 and TLS, against servers of hyper and rustls with generated certificates.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

mod common;
mod servers;

use common::loadgen;
use recording::LoadSummary;
use servers::{Identity, Server};

/// Returns exit code, summary and stderr of a load of eight requests.
fn load(url: &str, more: &[&str]) -> (Option<i32>, LoadSummary, String) {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let mut arguments = vec!["run", "--users", "2", "--requests", "8", "--url", url];
    arguments.extend(["--graceful-stop", "1h", "--json", json.to_str().unwrap()]);
    arguments.extend(more);
    let output = loadgen(&arguments);
    let stderr = String::from_utf8_lossy(&output.stderr).into();
    let summary = recording::io::load(&json, recording::LOAD_SCHEMA);
    (
        output.status.code(),
        summary.unwrap_or_else(|error| panic!("{error}: {output:?}")),
        stderr,
    )
}

fn all_is_well(code: Option<i32>, summary: &LoadSummary) {
    assert!(
        matches!(code, Some(0 | 3)),
        "{code:?} {:?}",
        summary.requests
    );
    assert_eq!((summary.requests.completed, summary.tokens), (8, 40));
    assert!(summary.requests.rejected.is_empty());
    assert!(summary.ttfb.min_ns > 0 && summary.ttfb.p50_ns <= summary.ttft.p50_ns);
}

fn fails_as(reason: &str, url: &str, more: &[&str]) {
    let (code, summary, stderr) = load(url, more);
    assert_eq!(code, Some(1), "{stderr}");
    let failed = &summary.requests.failed;
    assert_eq!(failed.keys().collect::<Vec<_>>(), [reason]);
    assert!(stderr.contains(reason), "{stderr}");
}

#[test]
fn speaks_http2_by_prior_knowledge() {
    let server = Server::start(None, true);
    let (code, summary, _) = load(&server.url("/good"), &["--http2"]);
    all_is_well(code, &summary);
    assert_eq!(server.connections(), 2, "one for each user, kept");
}

#[test]
fn trusts_an_authority_in_a_file() {
    let identity = Identity::new("127.0.0.1");
    for http2 in [false, true] {
        let server = Server::start(Some(&identity), http2);
        let more = ["--ca", identity.file(), "--http2"];
        let (code, summary, _) = load(&server.url("/good"), &more[..2 + usize::from(http2)]);
        all_is_well(code, &summary);
        assert_eq!(server.connections(), 2, "one for each user, kept");
    }
}

#[test]
fn counts_bytes_on_the_wire_with_encryption() {
    let identity = Identity::new("127.0.0.1");
    let plain = load(&Server::start(None, false).url("/good"), &[]).1;
    let url = Server::start(Some(&identity), false).url("/good");
    let secure = load(&url, &["--insecure"]).1;
    assert_eq!(plain.tokens, secure.tokens);
    assert!(secure.bytes_received > plain.bytes_received + 500);
}

#[test]
fn rejects_unknown_issuers_unless_insecure() {
    let (identity, other) = (Identity::new("127.0.0.1"), Identity::new("127.0.0.1"));
    let url = Server::start(Some(&identity), false).url("/good");
    let reason = "certificate refused: unknown issuer";
    fails_as(reason, &url, &["--ca", other.file()]);
    let (code, summary, _) = load(&url, &["--insecure"]);
    all_is_well(code, &summary);
}

#[test]
fn rejects_a_certificate_for_another_name() {
    let identity = Identity::new("elsewhere.example");
    let url = Server::start(Some(&identity), false).url("/good");
    let reason = "certificate refused: for another name";
    fails_as(reason, &url, &["--ca", identity.file()]);
}

#[test]
fn rejects_http1_where_http2_is_selected() {
    let reason = "server does not speak HTTP/2";
    fails_as(reason, &format!("{}/good", common::serve()), &["--http2"]);
    let identity = Identity::new("127.0.0.1");
    let url = Server::start(Some(&identity), false).url("/good");
    fails_as(reason, &url, &["--insecure", "--http2"]);
}

#[test]
fn reports_a_server_without_tls() {
    let url = Server::start(None, false).url("/good");
    let url = url.replace("http:", "https:");
    fails_as("server does not speak TLS", &url, &["--insecure"]);
}

#[test]
fn distinguishes_a_reset_stream_from_a_lost_connection() {
    let server = Server::start(None, true);
    fails_as("HTTP/2 stream reset", &server.url("/reset"), &["--http2"]);
}
