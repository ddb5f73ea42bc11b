//! Conformance of the parser, against a literal implementation of the standard.

use super::*;
use proptest::prelude::*;

type Events = Vec<(Vec<u8>, Vec<u8>)>;

fn parse(pieces: &[&[u8]]) -> Events {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for piece in pieces {
        parser
            .feed(piece, |event| {
                events.push((event.name.to_vec(), event.data.to_vec()))
            })
            .unwrap();
    }
    events
}

fn check(stream: &str, expect: &[(&str, &str)]) {
    let expect: Events = expect
        .iter()
        .map(|(name, data)| (name.as_bytes().to_vec(), data.as_bytes().to_vec()))
        .collect();
    assert_eq!(parse(&[stream.as_bytes()]), expect, "whole: {stream:?}");
    for split in 0..=stream.len() {
        let (one, two) = stream.as_bytes().split_at(split);
        assert_eq!(parse(&[one, two]), expect, "split at {split}: {stream:?}");
    }
    let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    assert_eq!(parse(&bytes), expect, "byte by byte: {stream:?}");
}

/// Literal, slow implementation of the standard's steps.
fn reference(stream: &[u8]) -> Events {
    let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    let mut text = Vec::new();
    for (at, byte) in stream.iter().enumerate() {
        match byte {
            b'\r' => text.push(b'\n'),
            b'\n' if at > 0 && stream[at - 1] == b'\r' => {}
            other => text.push(*other),
        }
    }
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    lines.pop();
    let (mut events, mut name, mut data) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        if line.is_empty() {
            if data.pop().is_some() {
                events.push((name.clone(), data.clone()));
            }
            name.clear();
            data.clear();
            continue;
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let field = parts.next().unwrap();
        let value = parts.next().unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if field == b"data" {
            data.extend_from_slice(value);
            data.push(b'\n');
        } else if field == b"event" {
            name = value.to_vec();
        }
    }
    events
}

#[test]
fn accepts_every_line_ending() {
    check("data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]);
    check("data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]);
    check("data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]);
    check("data: a\r\n\ndata: b\n\r\n", &[("", "a"), ("", "b")]);
}

#[test]
fn parses_the_examples_of_the_standard() {
    check(
        "data: YHOO\ndata: +2\ndata: 10\n\n",
        &[("", "YHOO\n+2\n10")],
    );
    check(
        ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event",
        &[("", "first event"), ("", "second event")],
    );
    check("data\n\ndata\ndata\n\ndata:", &[("", ""), ("", "\n")]);
    check("data:test\n\ndata: test\n\n", &[("", "test"), ("", "test")]);
}

#[test]
fn drops_only_the_first_byte_order_mark_and_space() {
    check("\u{feff}data: a\n\n", &[("", "a")]);
    check("\u{feff}\u{feff}data: a\n\n", &[]);
    check("data: a\n\n\u{feff}data: b\n\n", &[("", "a")]);
    check("data:  a\n\n", &[("", " a")]);
}

#[test]
fn ignores_comments_and_unknown_fields() {
    check(
        ": keep-alive\n\ndata: a\n: x\nfoo: b\nretry: 5\n\n",
        &[("", "a")],
    );
    check(
        "event: error\ndata: a\n\ndata: b\n\n",
        &[("error", "a"), ("", "b")],
    );
    check("event: lost\n\ndata: b\n\n", &[("", "b")]);
}

#[test]
fn forgets_the_last_stream_on_reset() {
    let mut parser = Parser::default();
    parser.feed(b"event: x\ndata: half\r", |_| {}).unwrap();
    parser.reset(Framing::Events);
    let mut seen = Vec::new();
    parser
        .feed("\u{feff}data: a\n\n".as_bytes(), |event| {
            seen = event.data.to_vec()
        })
        .unwrap();
    assert_eq!(seen, b"a");
}

fn parse_with(framing: Framing, stream: &str, at: usize) -> Vec<String> {
    let mut parser = Parser::default();
    parser.reset(framing);
    let mut events = Vec::new();
    let mut keep = |event: Event<'_>| events.push(String::from_utf8_lossy(event.data).into());
    let (one, two) = stream.as_bytes().split_at(at);
    parser.feed(one, &mut keep).unwrap();
    parser.feed(two, &mut keep).unwrap();
    parser.finish(keep);
    events
}

#[test]
fn returns_the_last_event_without_an_empty_line() {
    for stream in [
        "data: a\n\ndata: b",
        "data: a\n\ndata: b\n",
        "data: a\n\ndata: b\n\n",
    ] {
        for at in 0..=stream.len() {
            assert_eq!(
                parse_with(Framing::Events, stream, at),
                ["a", "b"],
                "{stream:?}"
            );
        }
    }
    assert!(parse_with(Framing::Events, ": comment", 3).is_empty());
}

#[test]
fn recognises_json_lines_by_the_first_brace() {
    for stream in ["\n{\"a\":1}\r\n\n{\"b\":2}\n", "{\"a\":1}\n{\"b\":2}"] {
        for at in 0..=stream.len() {
            let events = parse_with(Framing::Detect, stream, at);
            assert_eq!(events, ["{\"a\":1}", "{\"b\":2}"], "{stream:?}");
        }
    }
    assert_eq!(parse_with(Framing::Lines, "\u{1e}{}\n", 0), ["{}"]);
    assert_eq!(parse_with(Framing::Detect, "data: {}\n\n", 0), ["{}"]);
    assert!(parse_with(Framing::Events, "{}\n", 0).is_empty());
}

#[test]
fn rejects_an_endless_event() {
    let mut parser = Parser::default();
    let mebibyte = vec![b'x'; 1 << 20];
    let result = (0..17).try_for_each(|_| parser.feed(&mebibyte, |_| {}));
    assert_eq!(result, Err(Overflow));
    let line = [b"data: ", &mebibyte[..], b"\n"].concat();
    parser.reset(Framing::Events);
    let result = (0..17).try_for_each(|_| parser.feed(&line, |_| {}));
    assert_eq!(result, Err(Overflow));
}

proptest! {
    #[test]
    fn agrees_with_the_standard(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "\r", "\n", "\r\n", "data", "event", "id", ":", " ", "a", "\u{feff}", "data: x", "\n\n", "é",
            ]),
            0..40,
        ),
        cuts in prop::collection::vec(0usize..200, 0..8),
    ) {
        let stream = parts.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
        prop_assert_eq!(parse(&pieces), reference(&stream));
    }

    #[test]
    fn survives_any_bytes(stream in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(parse(&[&stream]), reference(&stream));
    }
}
