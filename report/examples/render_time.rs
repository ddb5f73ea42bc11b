//! Measures how long the page of recordings of an hour with 1,000 threads takes, and how large it
//! is. Writes it to the file that is named. Recordings that are named after it are enlarged in
//! place of the examples of tests. Run with `--release`.

#[path = "../tests/support/large.rs"]
mod large;
#[path = "../tests/support/many_stacks.rs"]
mod many_stacks;

use recording::Recording;
use report::Input;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give the file for the page")?;
    let mut recordings: Vec<(String, Recording)> = Vec::new();
    for dir in arguments {
        let found = recording::io::load_recording(Path::new(&dir))?;
        recordings.push((dir, found));
    }
    if recordings.is_empty() {
        recordings = recording::testing::three_arms();
    }
    for (_, recording) in &mut recordings {
        large::enlarge(recording);
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
    let (count, bytes) = (recordings.len(), page.len());
    println!(
        "{count} recordings: compared in {compared:.2?}, page of {bytes} bytes in {rendered:.2?}"
    );
    Ok(())
}
