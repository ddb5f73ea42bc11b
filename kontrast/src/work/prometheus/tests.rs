use super::*;

/// Lines as client_golang, prom-client and node_exporter write them.
const PAGE: &str = r#"# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="GET",code="200"} 1027 1395066363000
http_requests_total{method="POST",code="200"} 3
http_requests_total{path="a\"}b",code="500"} 1.5e1
http_requests_total_created{method="GET"} 9
process_cpu_seconds_total 12.47
bad -3
worse NaN
"#;

fn find(metric: &str) -> Result<f64, String> {
    let metric: Metric = format!("http://localhost:1/m#{metric}").parse()?;
    metric.find(PAGE)
}

#[test]
fn adds_up_the_series_that_match() {
    assert_eq!(find("http_requests_total"), Ok(1045.0));
    assert_eq!(find("http_requests_total{code=\"200\"}"), Ok(1030.0));
    assert_eq!(
        find("http_requests_total{code=\"200\", method=\"POST\"}"),
        Ok(3.0)
    );
    assert_eq!(find("http_requests_total{path=\"a\\\"}b\"}"), Ok(15.0));
    assert_eq!(find("process_cpu_seconds_total"), Ok(12.47));
}

#[test]
fn rejects_a_metric_that_is_missing_or_no_count() {
    let error = |metric| find(metric).expect_err("refused");
    assert!(error("http_requests").contains("no metric http_requests at"));
    assert!(error("http_requests_total{code=\"404\"}").contains("no metric"));
    assert!(error("bad").contains("no count") && error("worse").contains("no count"));
}

#[test]
fn rejects_malformed_addresses() {
    for (text, why) in [
        ("http://h:1/metrics", "write it as"),
        ("https://h/metrics#x", "no http://"),
        ("http:///metrics#x", "no HOST"),
        ("http://user@h/m#x", "no HOST"),
        ("http://h:1/a b#x", "no path"),
        ("http://h:1/m#", "no name"),
        ("http://h:1/m#1x", "no name"),
        ("http://h:1/m#x{a=\"1\"", "} after"),
        ("http://h:1/m#x{a=1}", "no labels"),
    ] {
        let error = text.parse::<Metric>().expect_err(text);
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn completes_port_and_path() {
    let shown = |text: &str| text.parse::<Metric>().expect("an address").to_string();
    assert_eq!(shown("http://h#x"), "http://h:80/metrics#x");
    assert_eq!(shown("http://[::1]/m#x"), "http://[::1]:80/m#x");
    assert_eq!(
        shown("http://[::1]:9/m#x{a=\"b\"}"),
        "http://[::1]:9/m#x{a=\"b\"}"
    );
}

#[test]
fn reads_from_a_server_and_reports_its_refusal() {
    use std::io::Read;
    use std::net::TcpListener;
    let serve = |answer: &'static str| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a reader");
            let mut request = [0; 512];
            let length = stream.read(&mut request).expect("a request");
            assert!(request[..length].starts_with(b"GET /m HTTP/1.0\r\n"));
            stream.write_all(answer.as_bytes()).expect("sent");
        });
        let metric: Metric = format!("http://{address}/m#n").parse().expect("an address");
        let read = metric.read().map_err(|error| format!("{error:#}"));
        server.join().expect("served");
        read
    };
    assert_eq!(serve("HTTP/1.0 200 OK\r\n\r\nn 5\n"), Ok(5.0));
    let refused = serve("HTTP/1.0 403 No\r\n\r\n").expect_err("refused");
    assert!(refused.contains("status 403"), "{refused}");
    let cut = serve("HTTP/1.0 200 OK\r\ncontent-length: 90\r\n\r\nn 5\n");
    assert!(cut.expect_err("cut").contains("incomplete"));
}
