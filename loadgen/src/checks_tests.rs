//! Verdicts on answers, and the reasons of rejections.

use super::*;

fn reason(change: impl FnOnce(&mut Answer)) -> Option<String> {
    let mut answer = Answer {
        status: 200,
        tokens: 1,
        done: true,
        ..Answer::default()
    };
    change(&mut answer);
    Checks::default().judge(&answer).reason
}

#[test]
fn accepts_a_good_answer() {
    assert_eq!(reason(|_| {}), None);
}

#[test]
fn names_each_fault() {
    assert_eq!(reason(|answer| answer.status = 404).unwrap(), "status 404");
    let redirect = reason(|answer| answer.status = 307).unwrap();
    assert_eq!(redirect, "status 307 (redirect, not followed)");
    assert_eq!(
        reason(|answer| answer.tokens = 0).unwrap(),
        "no content token"
    );
    assert_eq!(reason(|answer| answer.done = false).unwrap(), "no [DONE]");
    assert_eq!(
        reason(|answer| (answer.error, answer.done) = (true, false)).unwrap(),
        "error event"
    );
    assert_eq!(
        reason(|answer| (answer.error, answer.status) = (true, 500)).unwrap(),
        "status 500"
    );
}

#[test]
fn names_the_end_mark_of_the_format() {
    let without =
        |format| reason(|answer| (answer.format, answer.done) = (Some(format), false)).unwrap();
    assert_eq!(without(Format::Anthropic), "no message_stop");
    assert_eq!(without(Format::Gemini), "no finishReason");
}

#[test]
fn names_the_encoding_or_type_of_what_is_no_stream() {
    let encoded = reason(|answer| (answer.tokens, answer.undecoded) = (0, Encoding::Gzip));
    assert_eq!(
        encoded.unwrap(),
        "no content token: content-encoding gzip, not requested"
    );
    let mut head = crate::client::Head::new(200);
    head.add("content-type", b"text/html; charset=utf-8");
    let page = reason(|answer| (answer.tokens, answer.content_type) = (0, head.content_type));
    assert_eq!(page.unwrap(), "no content token: content-type text/html");
}

#[test]
fn accepts_other_expectations() {
    let mut checks = Checks::default();
    for text in ["status=201", "tokens=50", "min-tokens=0", "done=no"] {
        checks.set(text).unwrap();
    }
    assert_eq!(checks.names(), ["status is 201", "50 content tokens"]);
    let answer = Answer {
        status: 201,
        tokens: 49,
        ..Answer::default()
    };
    let verdict = checks.judge(&answer);
    assert_eq!(
        (verdict.passed, verdict.reason.unwrap()),
        (vec![true, false], "49 content tokens".into())
    );
}

#[test]
fn rejects_values_that_it_does_not_know() {
    for text in ["done=Yes", "done=1", "done=ture", "done=", "done"] {
        let refusal = Checks::default().set(text).unwrap_err();
        assert!(
            refusal.contains("yes, true, no, false"),
            "{text}: {refusal}"
        );
    }
    for (text, done) in [
        ("done=yes", true),
        ("done=true", true),
        ("done=false", false),
    ] {
        let mut checks = Checks::default();
        checks.set(text).unwrap();
        assert_eq!(checks.done, done, "{text}");
    }
    for text in [
        "",
        "colour=red",
        "status=ok",
        "status=99",
        "status=2000",
        "tokens=-1",
        "tokens=0",
    ] {
        assert!(Checks::default().set(text).is_err(), "{text}");
    }
}
