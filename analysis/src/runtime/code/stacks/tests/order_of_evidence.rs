//! Which evidence of a function counts first.

use super::*;

#[test]
fn names_work_by_instructions_where_a_name_says_none() {
    let category = |function: &str| {
        let named = StackFrame {
            function: function.into(),
            place: CodePlace::Region(RegionClass::BinaryText),
            ..StackFrame::default()
        };
        let mut builder = StacksBuilder::default();
        builder.add((0, SampleMode::User, false), [named], 10);
        let mut stacks = builder.done();
        stacks.hints = vec![CodeHint {
            copying: 9,
            innermost: 10,
            ..CodeHint::default()
        }];
        let build = Build::arm("cpp").thread(1, Role::Pool, |thread| thread.user(10, 1));
        let recording = build.with(|recording| recording.stacks = stacks).done();
        StackCategories::of(&recording).get(0)
    };
    assert_eq!(category("copy_buffer"), Some(Copying));
    assert_eq!(category("deflate_stored"), Some(Compression));
}

#[test]
fn prefers_the_file_of_neighbours_over_objects_that_a_function_refers_to() {
    let hint = CodeHint {
        source: "runtime/LiteralParser.cpp".into(),
        neighbours: Some(Neighbours {
            tried: 30,
            right: 29,
        }),
        texts: vec!["JSC::JSObject::putDirect".into()],
        ..CodeHint::default()
    };
    assert_eq!(evidence::category(&hint), Some(Json));
    let folder = CodeHint {
        source: "heap/".into(),
        ..hint
    };
    assert_eq!(evidence::category(&folder), Some(Engine));
}
