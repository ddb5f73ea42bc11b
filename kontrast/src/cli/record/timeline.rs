//! The trace of `--timeline`.

use anyhow::{Context, Result};
use recording::Recording;
use recording::timeline::TIMELINE_FILE;
use report::export::perfetto;
use runner::output::give_back_one as give_back;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

/// Writes the timeline of a recording, if it has one, and says what it covers.
///
/// # Errors
/// The file cannot be written.
pub(super) fn save(out: &Path, recording: &Recording) -> Result<()> {
    let Some(timeline) = &recording.timeline else {
        return Ok(());
    };
    let path = out.join(TIMELINE_FILE);
    let cannot = || format!("cannot write {} (free some space)", path.display());
    let mut file = BufWriter::new(File::create(&path).with_context(cannot)?);
    perfetto::write(recording, timeline, &mut file).with_context(cannot)?;
    file.flush().with_context(cannot)?;
    give_back(&path);
    let length = Duration::from_nanos(timeline.end_ns.saturating_sub(timeline.start_ns));
    eprintln!(
        "kontrast: {} has {} events of the last {:.1} s; open it at https://ui.perfetto.dev",
        path.display(),
        timeline.len(),
        length.as_secs_f64()
    );
    if timeline.overwritten > 0 {
        eprintln!(
            "kontrast: the timeline is shorter than asked for: {} older events were overwritten. \
             Give --timeline-size MIB",
            timeline.overwritten
        );
    }
    Ok(())
}
