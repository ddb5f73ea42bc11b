//! URLs, and requests addressed to them.

use super::*;
use crate::client::{Template, Trust};
use hyper::Method;

fn plain(url: &str) -> Result<Target, Error> {
    Target::new(url, &Transport::default())
}

/// Returns the first address of a target.
fn address(target: &Target) -> String {
    match &target.address {
        Address::Tcp(addresses) => addresses[0].to_string(),
        Address::Unix(path) => path.display().to_string(),
    }
}

#[test]
fn keeps_every_address_of_a_name() {
    let target = plain("http://localhost:1/").unwrap();
    let expected: Vec<_> = ("localhost", 1).to_socket_addrs().unwrap().collect();
    assert_eq!(target.address, Address::Tcp(expected.into()));
}

#[test]
fn resolves_the_zone_of_an_address_without_sending_it() {
    for (url, host) in [
        ("http://[fe80::1%25lo]:1/a%20b", "[fe80::1]:1"),
        ("http://[fe80::1%lo]/", "[fe80::1]"),
        ("http://[::1]:1/", "[::1]:1"),
    ] {
        let target = plain(url).unwrap();
        let Address::Tcp(addresses) = &target.address else {
            panic!("{url}");
        };
        let std::net::SocketAddr::V6(first) = addresses[0] else {
            panic!("{url}");
        };
        assert_eq!(first.scope_id() > 0, url.contains('%'), "{url}");
        let request = Request::new(Template::parse("{}"), &[]).unwrap();
        let http = target.address_to(&request, &Values::default());
        assert_eq!(http.headers()["host"], host);
    }
    assert!(plain("http://[fe80::1%25nosuchzone]/").is_err());
}

#[test]
fn parses_urls_of_unix_sockets() {
    for url in [
        "unix:/run/a.sock:/chat?a=1",
        "http://unix:/run/a.sock:/chat?a=1",
        "unix:///run/a.sock:/chat?a=1",
    ] {
        let target = plain(url).unwrap();
        assert_eq!(address(&target), "/run/a.sock");
        let request = Request::new(Template::parse("{}"), &[]).unwrap();
        let http = target.address_to(&request, &Values::default());
        assert_eq!(
            (http.uri().to_string(), &http.headers()["host"]),
            ("/chat?a=1".into(), &"localhost".parse().unwrap())
        );
    }
    assert_eq!(address(&plain("unix:run/a.sock").unwrap()), "run/a.sock");
}

#[test]
fn sends_credentials_of_the_url_and_masks_them() {
    let target = plain("http://us%40er:p@127.0.0.1:1/").unwrap();
    assert_eq!(target.url, "http://***@127.0.0.1:1/");
    let of = |headers: &[String]| {
        let request = Request::new(Template::parse("{}"), headers).unwrap();
        target
            .address_to(&request, &Values::default())
            .headers()
            .clone()
    };
    let headers = of(&[]);
    assert_eq!(
        headers["authorization"],
        format!("Basic {}", BASE64.encode("us@er:p"))
    );
    assert_eq!(headers["host"], "127.0.0.1:1");
    assert_eq!(
        of(&["Authorization: Bearer x".into()])["authorization"],
        "Bearer x"
    );
}

#[test]
fn prefers_the_users_host() {
    for http2 in [false, true] {
        let target = Target::new("http://127.0.0.1:1/", &Transport::plain(http2)).unwrap();
        let request = Request::new(Template::parse("{}"), &["Host: api.example".into()]).unwrap();
        let http = target.address_to(&request, &Values::default());
        match http2 {
            true => assert_eq!(http.uri(), "http://api.example/"),
            false => assert_eq!(http.headers()["host"], "api.example"),
        }
    }
}

#[test]
fn parses_a_url() {
    let target = plain("http://127.0.0.1:8080/chat?a=1").unwrap();
    assert_eq!(address(&target), "127.0.0.1:8080");
    let request = Request::new(Template::parse("{}"), &["X-Mine: 1".into()]).unwrap();
    let http = target.address_to(&request, &Values::default());
    assert_eq!(http.uri(), "/chat?a=1");
    assert_eq!(http.headers()["host"], "127.0.0.1:8080");
    assert_eq!(http.headers()["x-mine"], "1");
    assert_eq!(address(&plain("http://[::1]:1/").unwrap()), "[::1]:1");
}

#[test]
fn takes_port_and_name_of_https_from_the_url() {
    let transport = Transport::secured(false, &Trust::Any).unwrap();
    let target = Target::new("https://127.0.0.1/chat", &transport).unwrap();
    assert_eq!(address(&target), "127.0.0.1:443");
    assert_eq!(target.server_name.unwrap().to_str(), "127.0.0.1");
    let plain = Target::new("http://127.0.0.1/chat", &transport).unwrap();
    assert!(plain.server_name.is_none() && address(&plain) == "127.0.0.1:80");
}

#[test]
fn names_the_host_in_the_uri_over_http2() {
    let target = Target::new("http://127.0.0.1:8080/chat", &Transport::plain(true)).unwrap();
    let request = Request::new(Template::parse("{}"), &[]).unwrap();
    let http = target.address_to(&request, &Values::default());
    assert_eq!(http.uri(), "http://127.0.0.1:8080/chat");
    assert!(!http.headers().contains_key("host"));
}

#[test]
fn rejects_invalid_urls() {
    for url in [
        "",
        "127.0.0.1:8080",
        "ftp://127.0.0.1/",
        "http://",
        "https://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1/{usr}",
        "http://127.0.0.1{user}/",
        "unix:",
        "unix:/run/a.sock:/{usr}",
    ] {
        let text = plain(url).unwrap_err().to_string();
        assert!(text.contains("http://127.0.0.1:8080/chat"), "{text}");
    }
}

#[test]
fn fills_in_paths_of_target_and_request() {
    for (http2, host) in [(false, ""), (true, "http://127.0.0.1:1")] {
        let url = "http://127.0.0.1:1/users/{user}?turn={turn}";
        let target = Target::new(url, &Transport::plain(http2)).unwrap();
        let (user, turn) = (3, 4);
        let values = Values {
            user,
            turn,
            ..Values::default()
        };
        let mut request = Request::any(Method::GET, None, None, false, &[]).unwrap();
        let uri = |request: &Request| target.address_to(request, &values).uri().to_string();
        assert_eq!(uri(&request), format!("{host}/users/3?turn=4"));
        request.path = Some(Path::parse("/threads/{user}").unwrap());
        assert_eq!(uri(&request), format!("{host}/threads/3"));
        assert_eq!(target.address_to(&request, &values).method(), Method::GET);
    }
}
