use super::*;
use crate::keys::{Wish, press};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use recording::testing::Build;

/// A view after so many seconds, in each of which a thread runs so many ms as seconds have passed.
fn after(seconds: u64) -> View {
    let mut view = View::new(&[("bun".into(), 7)], Choice::default(), SECOND_NS, 1);
    for second in 0..=seconds {
        let ran_ns = (1..=second).sum::<u64>() * 1_000_000;
        let build = Build::arm("bun").thread(7, "bun", |thread| thread.user(ran_ns, 1));
        let build = build.with(|recording| recording.window.duration_ns = second * SECOND_NS);
        view.add(0, build.done(), second * SECOND_NS);
    }
    view
}

/// Returns the milliseconds that the shown frame's threads ran.
fn shown_ms(view: &View) -> Option<u64> {
    let frame = view.frame(&view.targets[0])?;
    Some(frame.total.user_ns / 1_000_000)
}

fn keys(view: &mut View, codes: impl IntoIterator<Item = KeyCode>) -> Vec<Wish> {
    let pressed = codes
        .into_iter()
        .filter_map(|code| press(view, KeyEvent::new(code, KeyModifiers::NONE)));
    pressed.collect()
}

fn types(view: &mut View, text: &str) -> Vec<Wish> {
    keys(view, text.chars().map(KeyCode::Char))
}

#[test]
fn shows_the_newest_frame() {
    assert_eq!(shown_ms(&after(0)), None, "one snapshot is no frame");
    assert_eq!(shown_ms(&after(9)), Some(9));
}

#[test]
fn keeps_what_is_shown_while_paused() {
    let mut view = after(9);
    types(&mut view, " ");
    let again = after(12);
    view.targets = again.targets;
    assert_eq!(shown_ms(&view), Some(9));
    types(&mut view, " ");
    assert_eq!(shown_ms(&view), Some(12));
}

#[test]
fn goes_through_the_history_and_stops_at_its_ends() {
    let mut view = after(30);
    keys(&mut view, [KeyCode::Left, KeyCode::Left]);
    assert_eq!(shown_ms(&view), Some(28));
    types(&mut view, "[");
    assert_eq!(shown_ms(&view), Some(18));
    keys(&mut view, [KeyCode::Right]);
    assert_eq!(shown_ms(&view), Some(19));
    types(&mut view, "]]]");
    assert_eq!(shown_ms(&view), Some(30));
    keys(&mut view, [KeyCode::Home, KeyCode::Left]);
    assert_eq!(shown_ms(&view), Some(1));
    keys(&mut view, [KeyCode::End]);
    assert_eq!((view.shown_ns, shown_ms(&view)), (None, Some(30)));
}

#[test]
fn sorts_regroups_and_inverts_by_keys() {
    let mut view = after(2);
    types(&mut view, "><<gi");
    assert_eq!(view.sorted(), Column::Bytes);
    assert_eq!(view.choice.grouping, Grouping::Threads);
    assert!(view.choice.ascending);
}

#[test]
fn edits_the_filter() {
    let mut view = after(2);
    assert_eq!(types(&mut view, "/Qrx"), [], "letters, no commands");
    keys(&mut view, [KeyCode::Backspace, KeyCode::Enter]);
    assert_eq!((&*view.choice.filter, view.edits_filter), ("qr", false));
    assert_eq!(types(&mut view, "rq"), [Wish::Record, Wish::Quit]);
    keys(&mut view, [KeyCode::Esc]);
    assert_eq!(view.choice.filter, "");
}

#[test]
fn quits_at_ctrl_c_in_the_filter_too() {
    let mut view = after(2);
    types(&mut view, "/");
    let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(press(&mut view, key), Some(Wish::Quit));
}

#[test]
fn begins_again_without_a_frame_of_both_recordings() {
    let mut view = after(5);
    view.begin_again(0);
    let build = Build::arm("bun").thread(7, "bun", |thread| thread.user(900_000_000, 1));
    view.add(0, build.done(), 6 * SECOND_NS);
    assert_eq!(shown_ms(&view), Some(5), "the counts have another start");
}

#[test]
fn waits_for_the_frames_of_both_targets_until_one_has_ended() {
    let names = [("go".into(), 7), ("bun".into(), 8)];
    let mut view = View::new(&names, Choice::default(), SECOND_NS, 1);
    let add = |view: &mut View, target| {
        let build = Build::arm("x").thread(7, "x", |thread| thread.user(1, 1));
        view.add(target, build.done(), SECOND_NS);
    };
    [0, 1, 0].iter().for_each(|target| add(&mut view, *target));
    assert!(!view.take_complete(), "the second has no frame yet");
    add(&mut view, 1);
    assert!(view.take_complete());
    assert!(!view.take_complete(), "these were taken");
    view.targets[1].state = State::Ended;
    add(&mut view, 0);
    assert!(view.take_complete());
    let fresh = [0, 1].map(|target: usize| view.targets[target].is_fresh);
    assert_eq!(fresh, [true, false]);
}
