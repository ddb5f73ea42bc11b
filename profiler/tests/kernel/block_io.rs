//! Requests to block devices, on a loop device that nothing else uses.

use crate::support::{alone, assert_sound, is_virtual_machine, known, recorder, require_privilege};
use recording::Recording;
use recording::block_io::BlockIo;
use recording::vocabulary::{BlockOperation, ProbeGroup, Submitter};
use std::fs::File;
use std::path::Path;
use std::process::Command;

const TIMES: u64 = 40;
const SIZE: u64 = 65_536;

/// A new block device without a file system. It is removed when the test ends.
struct Loop {
    path: String,
}

impl Loop {
    /// Returns a device, or the reason why there can be none.
    fn over(file: &Path) -> Result<Self, String> {
        let made = File::create(file).and_then(|file| file.set_len(TIMES * SIZE));
        made.map_err(|error| format!("no file: {error}"))?;
        let mut losetup = Command::new("losetup");
        // A virtual machine has devices that nothing else uses, and busybox's command.
        if is_virtual_machine() {
            let path = "/dev/loop0".to_owned();
            let set_up = losetup.arg(&path).arg(file).status().expect("it starts");
            assert!(set_up.success(), "the machine has a driver of loop devices");
            return Ok(Loop { path });
        }
        let set_up = losetup.args(["--find", "--show"]).arg(file).output();
        let set_up = set_up.map_err(|error| format!("losetup: {error}"))?;
        match set_up.status.success() {
            true => Ok(Loop {
                path: String::from_utf8_lossy(&set_up.stdout).trim().into(),
            }),
            false => Err(String::from_utf8_lossy(&set_up.stderr).trim().into()),
        }
    }

    fn name(&self) -> &str {
        self.path.trim_start_matches("/dev/")
    }

    /// Returns requests and bytes of reads and of writes by the kernel's own statistics, and the
    /// number of flushes (Documentation/block/stat.rst).
    fn statistics(&self) -> [u64; 5] {
        const SECTOR: u64 = 512;
        let path = format!("/sys/block/{}/stat", self.name());
        let text = std::fs::read_to_string(path).expect("the device is there");
        let numbers: Vec<u64> = text
            .split_whitespace()
            .map(|number| number.parse().expect("a number"))
            .collect();
        let (reads, writes) = (numbers[0], numbers[4]);
        let (read, written) = (numbers[2] * SECTOR, numbers[6] * SECTOR);
        [reads, read, writes, written, numbers[15]]
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // It fails if another program has the device open, and then ends with that.
        let _ = Command::new("losetup").args(["-d", &self.path]).status();
    }
}

fn rows<'a>(
    recording: &'a Recording,
    device: &'a Loop,
    operation: BlockOperation,
) -> impl Iterator<Item = &'a BlockIo> {
    let of_device = move |row: &&BlockIo| {
        row.device.as_deref() == Some(device.name()) && row.operation == operation
    };
    recording.block_io.iter().filter(of_device)
}

/// Returns who issues a write that a flush follows: before Linux 6.5, a thread of the kernel.
fn writer() -> Submitter {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("readable");
    let mut numbers = release.split('.').map(|number| number.parse().unwrap_or(0));
    match (numbers.next(), numbers.next()) < (Some(6), Some(5)) {
        true => Submitter::Kernel,
        false => Submitter::Target,
    }
}

fn assert_known(recording: &Recording, device: &Loop, before: [u64; 5]) {
    let submitters = [
        (BlockOperation::Read, Submitter::Target),
        (BlockOperation::Write, writer()),
    ];
    for (operation, submitter) in submitters {
        let mut of_operation = rows(recording, device, operation);
        let row = of_operation.find(|row| row.submitter == submitter);
        let row = row.unwrap_or_else(|| panic!("no {operation}: {:#?}", recording.block_io));
        // A device may split a request.
        assert!(row.requests >= TIMES, "{row:?}");
        assert_eq!((row.bytes, row.errors), (TIMES * SIZE, 0), "{row:?}");
        let counts = (row.queue.count, row.service.count);
        assert_eq!(counts, (row.requests, row.requests), "{row:?}");
        assert!(row.service_ns > 0, "{row:?}");
    }
    let flushes = rows(recording, device, BlockOperation::Flush);
    let flushes: u64 = flushes.map(|row| row.requests).sum();
    assert!(flushes > 0, "{:#?}", recording.block_io);
    // Programs that look at new devices may read this one before and after the window.
    let after = device.statistics();
    let sum = |operation, of: fn(&BlockIo) -> u64| rows(recording, device, operation).map(of).sum();
    let counted: [u64; 5] = [
        sum(BlockOperation::Read, |row| row.requests),
        sum(BlockOperation::Read, |row| row.bytes),
        sum(BlockOperation::Write, |row| row.requests),
        sum(BlockOperation::Write, |row| row.bytes),
        flushes,
    ];
    for ((counted, before), after) in counted.into_iter().zip(before).zip(after) {
        assert!(counted <= after - before, "{:#?}", recording.block_io);
    }
}

#[test]
fn counts_requests_to_a_block_device_by_operation_and_submitter() {
    require_privilege();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let device = match Loop::over(&dir.path().join("image")) {
        Ok(device) => device,
        Err(reason) => return eprintln!("skipped: no loop device: {reason}"),
    };
    for options in [&[][..], &["--raw-tracepoints"]] {
        let before = device.statistics();
        let out = dir.path().join(format!("out{}", options.len()));
        let recording = {
            let _alone = alone();
            let behaviour = ["direct-io", &device.path, &TIMES.to_string()];
            let mut target = known(&behaviour);
            let mut recorder = recorder(&target.line(), &out, options);
            target.say("go");
            assert_eq!(target.line(), "done");
            assert!(matches!(recorder.end().code(), Some(0 | 3)));
            recording::io::load_recording(&out).expect("a recording")
        };
        assert_sound(&recording);
        let mut groups = recording.observer.probe_groups.iter();
        let group = groups.find(|group| group.group == ProbeGroup::BlockIo);
        let group = group.expect("listed");
        assert!(!group.programs.is_empty(), "{group:?}");
        assert_known(&recording, &device, before);
    }
}
