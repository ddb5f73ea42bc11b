//! Conformance to the event-stream rules, against a plain reading of the standard.

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

/// The standard's steps, one after another, without thought of speed.
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
fn any_line_ending_ends_a_line() {
    check("data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]);
    check("data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]);
    check("data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]);
    check("data: a\r\n\ndata: b\n\r\n", &[("", "a"), ("", "b")]);
}

#[test]
fn the_examples_of_the_standard() {
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
fn only_the_first_mark_and_the_first_space_are_dropped() {
    check("\u{feff}data: a\n\n", &[("", "a")]);
    check("\u{feff}\u{feff}data: a\n\n", &[]);
    check("data: a\n\n\u{feff}data: b\n\n", &[("", "a")]);
    check("data:  a\n\n", &[("", " a")]);
}

#[test]
fn comments_and_unknown_fields_say_nothing() {
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
fn a_reset_parser_is_as_new() {
    let mut parser = Parser::default();
    parser.feed(b"event: x\ndata: half\r", |_| {}).unwrap();
    parser.reset();
    let mut seen = Vec::new();
    parser
        .feed("\u{feff}data: a\n\n".as_bytes(), |event| {
            seen = event.data.to_vec()
        })
        .unwrap();
    assert_eq!(seen, b"a");
}

#[test]
fn an_endless_event_is_refused() {
    let mut parser = Parser::default();
    let mebibyte = vec![b'x'; 1 << 20];
    let result = (0..17).try_for_each(|_| parser.feed(&mebibyte, |_| {}));
    assert_eq!(result, Err(Overflow));
    let line = [b"data: ", &mebibyte[..], b"\n"].concat();
    parser.reset();
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
    fn any_bytes_are_survived(stream in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(parse(&[&stream]), reference(&stream));
    }
}
