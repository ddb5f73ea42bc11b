use super::*;
use recording::stacks::{SampleMode, StacksBuilder};
use recording::vocabulary::RegionClass;
use std::io::Write;

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

#[test]
fn recognises_instructions_that_work_on_memory_in_bulk() {
    let code = [
        0xf3, 0xaa, 0xc3, 0xf3, 0x48, 0xab, 0xf3, 0x48, 0xa5, 0xf3, 0xa4, 0x90,
    ];
    let file = file(&code);
    let found = [0, 3, 6, 9].map(|offset| instruction_at(&file, offset));
    let expected = [Bulk::Clears, Bulk::Clears, Bulk::Copies, Bulk::Copies];
    assert_eq!(found, expected.map(Some));
    for not_one in [1, 2, 4, 10, 11, 12, u64::MAX] {
        assert_eq!(instruction_at(&file, not_one), None, "{not_one}");
    }
}

#[test]
fn counts_instructions_of_innermost_frames() {
    let mut builder = StacksBuilder::default();
    let module = Some(builder.module("libc.so.6", ""));
    let frame = |function: &str, address| StackFrame {
        function: function.into(),
        module,
        address,
        place: CodePlace::Region(RegionClass::Libraries),
        ..StackFrame::default()
    };
    let (named, unnamed) = (frame("fill", 16), frame("", 32));
    let plain = frame("compute", 48);
    let mut hints = Hints::default();
    let code = file(&[0xf3, 0xaa, 0xc3, 0x90, 0x90, 0x90]);
    for (frame, offset) in [(&named, 0), (&unnamed, 0), (&unnamed, 3), (&plain, 3)] {
        hints.sample(frame, Some((&code, offset)), 5);
        let key = (0, SampleMode::User, false);
        builder.add(key, [frame.clone()], 5);
    }
    let mut stacks = builder.done();
    hints.finish(&mut stacks, |_| None);
    let expected = |wanted: &StackFrame, innermost| {
        let index = stacks.frames.iter().position(|frame| frame == wanted);
        CodeHint {
            frame: index.expect("the frame was added"),
            clearing: 5,
            innermost,
            ..CodeHint::default()
        }
    };
    let mut hints = [expected(&named, 5), expected(&unnamed, 10)];
    hints.sort_by_key(|hint| hint.frame);
    assert_eq!(stacks.hints, hints);
}

#[test]
fn finds_nothing_in_a_file_that_is_no_program() {
    assert!(Code::read(&file(b"\x7fELF and then nothing of it")).is_none());
    assert!(Code::read(&file(b"")).is_none());
}
