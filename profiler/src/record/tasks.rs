//! The target's threads at one instant, read by an iterator of the kernel (Linux 5.8) in one pass:
//! 10,000 threads take some milliseconds, and seconds through the files of `/proc`.

use anyhow::{Context, Result};
use aya::programs::Iter;
use aya::{Btf, Ebpf};
use profiler_common::TaskRecord;
use std::io::Read;

/// Name of the program, and of what it iterates over.
const PROGRAM: (&str, &str) = ("tasks", "task");

/// The target's threads, if this kernel has the iterator.
#[derive(Clone, Debug, Default)]
pub struct Tasks(Option<Vec<TaskRecord>>);

/// Loads the program. Without it, [`Tasks::read`] returns none.
///
/// # Errors
/// The kernel refuses the program.
pub fn load(bpf: &mut Ebpf, btf: &Btf) -> Result<()> {
    Ok(program(bpf)?.load(PROGRAM.1, btf)?)
}

fn program(bpf: &mut Ebpf) -> Result<&mut Iter> {
    let program = bpf.program_mut(PROGRAM.0);
    Ok(program
        .context("the object has no iterator over tasks")?
        .try_into()?)
}

impl Tasks {
    /// Reads the threads of the processes that the programs track.
    pub fn read(bpf: &mut Ebpf) -> Self {
        Tasks(read(bpf).ok())
    }

    /// Returns the threads of some processes.
    pub fn of(&self, pids: &[u32]) -> Option<impl Iterator<Item = &TaskRecord> + use<'_>> {
        let mut pids = pids.to_vec();
        pids.sort_unstable();
        let records = self.0.as_ref()?.iter();
        Some(records.filter(move |record| pids.binary_search(&record.tgid).is_ok()))
    }

    /// Returns the stack pointers of a process's threads.
    pub fn stack_pointers(&self, pid: u32) -> Option<Vec<u64>> {
        let records = self.0.as_ref()?.iter();
        let own = records.filter(|record| record.tgid == pid);
        Some(own.map(|record| record.stack_pointer).collect())
    }
}

/// Returns a name as the kernel holds it, up to the first NUL.
pub fn comm(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

fn read(bpf: &mut Ebpf) -> Result<Vec<TaskRecord>> {
    /// A thousand threads. A vector without room would be read into 32 bytes at a time.
    const ROOM: usize = 80_000;
    let program = program(bpf)?;
    let link = program.attach()?;
    let mut file = program.take_link(link)?.into_file()?;
    let mut bytes = Vec::with_capacity(ROOM);
    file.read_to_end(&mut bytes)?;
    let records = bytes.chunks_exact(size_of::<TaskRecord>());
    Ok(records.filter_map(decode).collect())
}

/// Decodes a record.
#[expect(unsafe_code, reason = "a record of the iterator is bytes")]
fn decode(bytes: &[u8]) -> Option<TaskRecord> {
    if bytes.len() != size_of::<TaskRecord>() {
        return None;
    }
    // SAFETY: the size was checked, and every bit pattern is a value: `repr(C)`, integers only.
    Some(unsafe { bytes.as_ptr().cast::<TaskRecord>().read_unaligned() })
}
