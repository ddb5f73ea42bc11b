//! Measures how long flame graphs of 20,000 distinct stacks take: to compare six recordings, and to
//! render their page, which goes to the file that is named. Run with `--release`.

#[path = "../tests/support/many_stacks.rs"]
mod many_stacks;

use report::Input;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1);
    let path = path.ok_or("give the file for the page")?;
    let mut recordings = recording::testing::three_arms();
    for (_, recording) in &mut recordings {
        many_stacks::fill(recording);
    }
    let started = Instant::now();
    let comparison = analysis::compare(&recordings);
    let compared = started.elapsed();
    let mut page = Vec::new();
    let input = Input {
        comparison: &comparison,
        recordings: &recordings,
    };
    report::html(&input, &mut page)?;
    let rendered = started.elapsed() - compared;
    std::fs::write(path, &page)?;
    let (stacks, bytes) = (many_stacks::STACKS, page.len());
    println!(
        "{stacks} stacks a recording: compared in {compared:.2?}, page of {bytes} bytes in {rendered:.2?}"
    );
    Ok(())
}
