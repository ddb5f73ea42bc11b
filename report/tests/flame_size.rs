//! A page with flame graphs of very many stacks stays small.

#[path = "support/many_stacks.rs"]
mod many_stacks;
mod support;

use many_stacks::{STACKS, fill};
use support::{Fixture, html};

#[test]
fn keeps_the_page_small_with_many_stacks() {
    let mut fixture = Fixture::first(3);
    let recordings = fixture.recordings.iter_mut();
    recordings.for_each(|(_, recording)| fill(recording));
    let stacks = fixture.recordings[0].1.stacks.counts.len() as u64;
    assert_eq!(stacks, STACKS);
    fixture.comparison = analysis::compare(&fixture.recordings);
    let page = html(&fixture.input());
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert!(
        page.matches("<title>").count() > 2_000,
        "the graphs are on the page"
    );
}
