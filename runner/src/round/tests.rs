use super::*;
use recording::LoadSummary;

fn completed(ended: anyhow::Result<bool>, before: Ended) -> Recording {
    let mut recording = Recording::default();
    recording.window.ended = before;
    let drive = Drive {
        summary: Some(LoadSummary::default()),
        count: None,
        ended,
    };
    complete(
        &mut recording,
        &drive,
        Some(Moved::default()),
        OfService::None,
    );
    recording
}

#[test]
fn adds_load_and_check_to_a_finished_round() {
    let recording = completed(Ok(false), Ended::Asked);
    assert!(recording.load.is_some() && !recording.is_partial());
    assert_eq!(recording.checks.len(), 1);
}

#[test]
fn marks_a_cut_round_and_keeps_an_earlier_reason() {
    let cut = |before| completed(Err(Interrupted.into()), before);
    assert_eq!(cut(Ended::Asked).window.ended, Ended::Interrupted);
    assert_eq!(cut(Ended::TargetExited).window.ended, Ended::TargetExited);
    assert!(
        cut(Ended::Asked).checks.is_empty(),
        "half a load cannot be checked"
    );
}
