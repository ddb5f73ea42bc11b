//! Compiled regular expressions.

use super::*;

#[test]
fn recognises_compiled_regular_expressions_by_their_caller() {
    let categories = |of_the_caller: &str| {
        let found = Loop::new().stack(SampleMode::User, "main enter js js", 30);
        let found = found.stack(SampleMode::User, "main enter js js A js", 30);
        let found = found.stack(SampleMode::User, of_the_caller, 1);
        let recording = found.recording(Role::MainLoop);
        let categories = StackCategories::of(&recording);
        let stacks = &recording.stacks;
        let leaf = stacks.counts.iter().position(|count| {
            let mut frames = stacks.frames_of(count.node);
            frames.nth(1).is_some_and(|caller| *caller == frame("A"))
        });
        categories.get(leaf.expect("it was added"))
    };
    assert_eq!(categories("main B"), Some(Regex));
    assert_eq!(categories("main js A js B"), Some(JavaScript), "it calls");
    assert_eq!(categories("main js A js js"), Some(JavaScript), "it calls");
}
