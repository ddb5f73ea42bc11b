//! Graphs by package.

use super::*;

#[test]
fn joins_frames_of_one_package() {
    let mut recording = round(
        "python",
        1_000,
        ("1", &[("main get fetch check", 6), ("main", 4)]),
    );
    for frame in &mut recording.stacks.frames {
        frame.package = match &*frame.function {
            "get" | "fetch" => "httpx".into(),
            "check" => "pydantic".into(),
            _ => String::new(),
        };
    }
    let comparison = compare(&rounds(vec![recording]));
    let flame = flame(&comparison);
    let [graph] = &flame.packages[..] else {
        panic!("one arm")
    };
    let found = by_path(flame, graph);
    let all = "main loop;application code";
    assert_eq!(found[&format!("{all};httpx;pydantic")], 6.0, "{found:?}");
    assert_eq!(found[&format!("{all};httpx")], 6.0, "{found:?}");
    assert_eq!(found[&format!("{all};no package")], 4.0, "{found:?}");
    assert_eq!(graph.total(), flame.arms[0].total());
}

#[test]
fn shows_no_graph_by_package_without_packages() {
    let comparison = compare(&rounds(vec![round("cpp", 1_000, ("1", &[("main", 9)]))]));
    assert!(flame(&comparison).packages.is_empty());
}
