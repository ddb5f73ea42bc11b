//! Threads that wait for files.

use super::{Sign, waits_for};
use crate::thresholds::{Limit, Thresholds};
use crate::waits;
use recording::Recording;
use recording::format::quantity;
use recording::vocabulary::{Submitter, Unit, WaitKind};
use recording::waits::{Wait, call_on};

/// A call that waits for another thread, not for a disk.
const FILE_LOCK: &str = "flock";

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
    let limit = limits[Limit::FileShare];
    let fits = |wait: &Wait| wait.kind == WaitKind::File && wait.syscall != FILE_LOCK;
    waits_for::sign((path, round), ("files", limit), fits, place)
}

/// Returns the thread that waited, with its call, the file and the function.
fn place(round: &Recording, wait: &Wait) -> String {
    let role = round.role_of(wait.thread);
    let call = match &wait.file {
        Some(file) => call_on(&wait.syscall, file),
        None => wait.syscall.clone(),
    };
    let at = waits::place(&round.waits.stacks, wait.node);
    let at = at.map_or(String::new(), |at| format!(" at {at}"));
    let devices = devices(round).unwrap_or_default();
    format!("{role} in {call}{at}{devices}")
}

/// Returns how long the device took for the requests of the target that it worked on longest.
fn devices(round: &Recording) -> Option<String> {
    let rows = round.block_io.iter();
    let own = rows.filter(|row| row.submitter == Submitter::Target);
    let longest = own.max_by_key(|row| row.queue_ns + row.service_ns)?;
    let (queue_ns, service_ns) = longest.mean_ns();
    Some(format!(
        "; {} {} requests took {} in the queue and {} at {} on the average",
        longest.requests,
        longest.operation,
        quantity(queue_ns, Unit::Ns),
        quantity(service_ns, Unit::Ns),
        longest.device.as_deref().unwrap_or("other devices"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::block_io::BlockIo;
    use recording::testing::Build;
    use recording::vocabulary::BlockOperation;

    #[test]
    fn says_how_long_the_device_took() {
        let row = |submitter, requests| BlockIo {
            device: Some("vda".into()),
            operation: BlockOperation::Write,
            submitter,
            requests,
            queue_ns: requests * 3_000,
            service_ns: requests * 200_000,
            ..BlockIo::default()
        };
        let mut round = Recording {
            block_io: vec![row(Submitter::Kernel, 9_000)],
            ..Recording::default()
        };
        assert_eq!(devices(&round), None);
        round.block_io.push(row(Submitter::Target, 40));
        let expected =
            "; 40 write requests took 3.00 µs in the queue and 200 µs at vda on the average";
        assert_eq!(devices(&round).as_deref(), Some(expected));
    }

    #[test]
    fn detects_time_that_threads_wait_for_files() {
        let with = |waited: u64, syscall: &str, kind| {
            let build = Build::arm("x").thread(1, "front", |thread| thread.user(100, 1));
            let build = build.with(|recording| {
                recording.waits.rows = vec![Wait {
                    kind,
                    syscall: syscall.into(),
                    file: Some("/var/lib/data.log".into()),
                    off_cpu_ns: waited,
                    ..Wait::default()
                }];
                recording.process.on_cpu_ns = 100;
                recording.window.duration_ns = 1_000_000_000;
            });
            check("r", &build.done(), &Thresholds::default())
        };
        let sign = with(50, "fsync", WaitKind::File).expect("seen");
        assert!(
            sign.text.starts_with(
                "its threads waited for files 50 ns a second, 0.500 times as long as they ran"
            ),
            "{}",
            sign.text
        );
        let end = "in fsync of /var/lib/data.log";
        assert!(sign.text.ends_with(end), "{}", sign.text);
        assert!(with(50, "flock", WaitKind::File).is_none());
        assert!(with(50, "fsync", WaitKind::Socket).is_none());
        assert!(with(1, "fsync", WaitKind::File).is_none());
    }
}
