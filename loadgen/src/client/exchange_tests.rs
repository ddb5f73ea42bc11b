//! Streams in pieces: stamps, gaps, end marks, errors, encodings.

use super::*;
use crate::client::Gap;
use std::io::Write as _;
use std::sync::atomic::Ordering::Relaxed;

/// Reads a body in pieces, each with its stamp.
fn read(head: &Head, accepts: &str, pieces: &[(&[u8], u64)]) -> (Exchange, Received) {
    let (mut exchange, received) = (Exchange::default(), Received::default());
    let scanner = Scanner::default();
    exchange.begin(&scanner);
    exchange.head(head, accepts.as_bytes(), &scanner);
    for (piece, read_ns) in pieces {
        exchange.take(piece, *read_ns, &scanner, &received).unwrap();
        exchange.answer.end_ns = *read_ns;
    }
    exchange.finish(&scanner, &received);
    (exchange, received)
}

fn stream(pieces: &[(&str, u64)]) -> (Exchange, Received) {
    let pieces: Vec<(&[u8], u64)> = pieces
        .iter()
        .map(|(piece, read_ns)| (piece.as_bytes(), *read_ns))
        .collect();
    read(&Head::new(200), "", &pieces)
}

fn answer(body: &str) -> Answer {
    stream(&[(body, 1)]).0.answer
}

fn head(name: &str, value: &str) -> Head {
    let mut head = Head::new(200);
    head.add(name, value.as_bytes());
    head
}

#[test]
fn measures_gaps_between_chunks_with_tokens() {
    let (exchange, received) = stream(&[
        (": hi\n\ndata: {\"role\":\"assistant\"}\n\n", 500),
        ("data: {\"content\":\" a\"}\n", 1_000),
        ("\ndata: {\"content\":\" b c\"}\n\n", 2_500),
        ("data: [DONE]\n\n", 9_000),
    ]);
    let answer = &exchange.answer;
    let stamps = (answer.first_token_ns, answer.last_token_ns);
    assert_eq!(stamps, (2_500, 2_500));
    let gap = Gap {
        tenths_us: 0,
        tokens: 2,
    };
    assert_eq!(answer.gaps, [gap]);
    assert!(answer.done && !answer.error);
    assert_eq!(received.tokens.load(Relaxed), 3);
    assert_eq!(received.chunks.load(Relaxed), 2);
}

#[test]
fn distinguishes_the_first_token_from_the_first_of_the_answer() {
    let delta = |field: &str| format!("data: {{\"choices\":[{{\"delta\":{{{field}}}}}]}}\n\n");
    let (exchange, _) = stream(&[
        (&delta("\"role\":\"assistant\",\"content\":\"\""), 100),
        (&delta("\"reasoning_content\":\"hm well\""), 2_000),
        (&delta("\"content\":\"yes\""), 9_000),
        (
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":8}}\n\n",
            9_500,
        ),
    ]);
    let answer = &exchange.answer;
    let stamps = (answer.first_token_ns, answer.first_output_ns);
    assert_eq!(stamps, (2_000, 9_000));
    assert_eq!((answer.tokens, answer.reasoning_tokens), (3, 2));
    assert_eq!((answer.output_tokens(), answer.tpot_ns()), (8, Some(1_000)));
}

#[test]
fn measures_the_senders_stamps() {
    let (exchange, _) = stream(&[("data: {\"content\":\"a\",\"sent_unix_ns\":700}\n\n", 1_000)]);
    let offset = exchange.unix_offset_ns;
    let expected = u32::try_from(offset + 1_000 - 700).unwrap_or(u32::MAX);
    assert_eq!(exchange.answer.stamp_errors, [expected]);
}

#[test]
fn keeps_errors_and_their_text() {
    let failed = answer("data: {\"content\":\"a\"}\n\ndata: {\"error\":\"gone\"}\n\n");
    assert!(failed.error);
    assert_eq!(failed.body_start, b"{\"error\":\"gone\"}");
    assert!(answer("event: error\ndata: x\n\n").error);
    assert!(answer("data: {\"conte\n\n").malformed);
}

#[test]
fn reads_a_last_event_without_an_empty_line() {
    for end in ["data: [DONE]", "data: [DONE]\n", "data: [DONE]\n\n"] {
        let answer = answer(&format!("data: {{\"content\":\"a\"}}\n\n{end}"));
        assert!(answer.done && answer.tokens == 1, "{end:?}");
    }
}

#[test]
fn reads_json_lines_and_ends_them_with_the_body() {
    let lines = answer("{\"content\":\"a\"}\n{\"content\":\" b\"}");
    assert!(lines.done && lines.tokens == 2);
    let ollama = |done: bool| {
        answer(&format!(
            "{{\"message\":{{\"content\":\"a\"}},\"done\":false}}\n{{\"message\":{{\"content\":\"\"}},\"done\":{done}}}\n"
        ))
    };
    assert!(ollama(true).done && !ollama(false).done);
    assert!(!answer("{\"content\":\"a\"}\n{\"cont").done);
}

#[test]
fn reads_a_gemini_stream_that_is_a_json_array() {
    let item = |text: &str, end: &str| {
        format!("{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}{end}}}]}}")
    };
    let (one, two) = (item(" a", ""), item(" b c", ",\"finishReason\":\"STOP\""));
    let json = head("content-type", "application/json; charset=UTF-8");
    let pieces = [format!("[{one}\n"), format!(",\r\n{two}"), "\n]\n".into()];
    let stamped = [&pieces[0], &pieces[1], &pieces[2]].map(|piece| piece.as_bytes());
    let (exchange, _) = read(
        &json,
        "",
        &[
            (stamped[0], 1_000),
            (stamped[1], 5_000),
            (stamped[2], 6_000),
        ],
    );
    let answer = &exchange.answer;
    assert_eq!((answer.tokens, answer.first_token_ns), (3, 1_000));
    assert_eq!((answer.last_token_ns, answer.done), (5_000, true));
    let (cut, _) = read(&json, "", &[(stamped[0], 1)]);
    assert!(!cut.answer.done && cut.answer.format == Some(Format::Gemini));
}

#[test]
fn ignores_json_lists_that_are_no_stream() {
    let json = head("content-type", "application/json");
    let list = b"[{\"content\":\"a\",\"error\":\"x\",\"choices\":[{\"text\":\"b\"}]},{bad}]";
    let (exchange, _) = read(&json, "", &[(list, 1)]);
    let answer = &exchange.answer;
    assert_eq!(
        (answer.tokens, answer.error, answer.malformed),
        (0, false, false)
    );
    assert_eq!(answer.format, None);
}

#[test]
fn counts_a_cumulative_stream_once() {
    let event = |words: usize| {
        let text: String = (0..words).map(|n| format!(" tok{n}")).collect();
        format!("data: {{\"content\":\"{text}\"}}\n\n")
    };
    let body: String = (1..=50).map(event).collect();
    assert_eq!(answer(&body).tokens, 50);
}

#[test]
fn decodes_encodings_that_the_request_accepts() {
    let body = b"data: {\"content\":\"a\"}\n\ndata: [DONE]\n\n";
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    let encoded = encoder.finish().unwrap();
    let (one, two) = encoded.split_at(encoded.len() / 2);
    let gzip = head("content-encoding", "gzip");
    let (accepted, _) = read(&gzip, "gzip, br", &[(one, 1), (two, 2)]);
    assert_eq!((accepted.answer.tokens, accepted.answer.done), (1, true));
    let (refused, _) = read(&gzip, "", &[(&encoded, 1)]);
    assert_eq!(refused.answer.undecoded, Encoding::Gzip);
    assert_eq!(refused.answer.tokens, 0);
}

#[test]
fn keeps_the_beginning_of_a_body_that_is_no_stream() {
    let page = "<html>".repeat(100);
    let (exchange, _) = read(
        &head("content-type", "text/html"),
        "",
        &[(page.as_bytes(), 1)],
    );
    assert_eq!(exchange.answer.body_start, page.as_bytes()[..200]);
    assert_eq!(exchange.answer.content_type.as_str(), "text/html");
    let json = head("content-type", "application/json");
    let (exchange, _) = read(&json, "", &[(b"data: {\"content\":\"a\"}\n\n", 1)]);
    assert_eq!(exchange.answer.tokens, 0);
    let redirect = head("location", "/elsewhere");
    let (exchange, _) = read(&redirect, "", &[]);
    assert_eq!(exchange.answer.body_start, b"location: /elsewhere ");
}

#[test]
fn forgets_the_last_answer() {
    let (mut exchange, _) = stream(&[("data: {\"content\":\"a\"}\n\ndata: [DONE]", 1)]);
    exchange.begin(&Scanner::default());
    let answer = &exchange.answer;
    assert_eq!(
        (answer.tokens, answer.gaps.len(), answer.done),
        (0, 0, false)
    );
    assert!(answer.body_start.is_empty());
}
