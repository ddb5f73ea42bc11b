use super::*;

fn completed(ended: anyhow::Result<bool>, before: Ended) -> Recording {
    let mut recording = Recording::default();
    recording.window.ended = before;
    let drive = Drive {
        summary: Some(LoadSummary::default()),
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
fn a_finished_round_has_its_load_and_check() {
    let recording = completed(Ok(false), Ended::Asked);
    assert!(recording.load.is_some() && !recording.is_partial());
    assert_eq!(recording.checks.len(), 1);
}

#[test]
fn a_round_that_was_cut_is_marked_and_keeps_the_reason_it_has() {
    let cut = |before| completed(Err(Interrupted.into()), before);
    assert_eq!(cut(Ended::Asked).window.ended, Ended::Interrupted);
    assert_eq!(cut(Ended::TargetExited).window.ended, Ended::TargetExited);
    assert!(
        cut(Ended::Asked).checks.is_empty(),
        "half a load cannot be checked"
    );
}
