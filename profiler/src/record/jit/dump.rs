//! JIT dumps: symbols and code that a runtime wrote while it compiled, as `perf inject --jit` reads
//! them (tools/perf/Documentation/jitdump-specification.txt in the kernel's source).
//!
//! `linux-perf-data` reads the format. The file belongs to the observed process and may hold
//! anything, so that sizes are checked before the library allocates by them.

use super::pieces::Pieces;
use linux_perf_data::jitdump::{
    JitCodeLoadRecord, JitCodeMoveRecord, JitDumpError, JitDumpHeader, JitDumpRawRecord,
    JitDumpReader, JitDumpRecordHeader, JitDumpRecordType,
};
use std::io::{self, BufRead};

/// The only version of the format.
const VERSION: u32 = 1;
/// Longest header that is accepted: version 1 has 40 bytes.
const LONGEST_HEADER: u32 = 1024;
/// Longest record that is read into memory. It holds the code; V8's largest function has some
/// hundred KiB.
const LONGEST_RECORD: usize = 64 << 20;
/// Bytes of a name that are kept.
const LONGEST_NAME: usize = 1024;

/// Reason why a dump is not used.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It has no header of a JIT dump.
    #[error("it does not begin as a JIT dump: {0}")]
    Header(#[from] JitDumpError),
    /// Its header is too long.
    #[error("its header has {0} bytes, and {LONGEST_HEADER} are allowed")]
    HeaderSize(u32),
    /// It has a later version.
    #[error("it is of version {0}, and only {VERSION} is known")]
    Version(u32),
    /// It belongs to another process.
    #[error("it is of process {0}")]
    Process(u32),
    /// A record has sizes that contradict each other, or is too long.
    #[error("record {0} has a size that cannot be right")]
    Record(u64),
}

/// Puts the code of a dump of process `pid` into `pieces`, and returns the number of pieces with a
/// symbol. The dump may still be being written: one that ends inside a record counts up to there.
///
/// # Errors
/// The file is no dump of the process, or contradicts itself.
pub fn read(mut from: impl BufRead, pid: u32, pieces: &mut Pieces) -> Result<u64, Refused> {
    check_header(from.fill_buf()?, pid)?;
    let mut reader = JitDumpReader::new(from)?;
    let (mut named, mut records) = (0, 0);
    while !pieces.is_exhausted()
        && let Some(header) = reader.next_record_header()?
    {
        records += 1;
        let size = header.total_size as usize;
        if !(JitDumpRecordHeader::SIZE..=LONGEST_RECORD).contains(&size) {
            return Err(Refused::Record(records));
        }
        let Some(record) = reader.next_record()? else {
            break;
        };
        named += put(&record, pieces).map_err(|_| Refused::Record(records))?;
    }
    Ok(named)
}

fn check_header(start: &[u8], pid: u32) -> Result<(), Refused> {
    let header = JitDumpHeader::parse(start.into())?;
    if header.total_size > LONGEST_HEADER {
        return Err(Refused::HeaderSize(header.total_size));
    }
    if header.version != VERSION {
        return Err(Refused::Version(header.version));
    }
    if header.pid != pid {
        return Err(Refused::Process(header.pid));
    }
    Ok(())
}

/// Puts the code of a record into `pieces`, and returns how many pieces it names.
fn put(record: &JitDumpRawRecord, pieces: &mut Pieces) -> io::Result<u64> {
    match record.record_type {
        JitDumpRecordType::JIT_CODE_LOAD => {
            let load = JitCodeLoadRecord::parse(record.endian, record.body)?;
            let name = load.function_name.as_slice();
            let name = &name[..name.len().min(LONGEST_NAME)];
            pieces.put(load.code_addr, load.code_bytes.len() as u64, name);
            Ok(1)
        }
        // The name of moved code is not kept, so that code at the new place has none. No known
        // runtime moves code.
        JitDumpRecordType::JIT_CODE_MOVE => {
            let moved = JitCodeMoveRecord::parse(record.endian, record.body)?;
            pieces.put(moved.new_code_addr, moved.code_size, b"");
            Ok(0)
        }
        // Lines of source and unwinding tables hold no names.
        _ => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::jit::Wanted;
    use proptest::prelude::*;

    const PID: u32 = 77;
    const MAGIC: u32 = 0x4a69_5444;
    const HEADER: usize = 40;
    const PREFIX: usize = JitDumpRecordHeader::SIZE;
    const LOAD: u32 = 0;
    const MOVE: u32 = 1;
    /// Bytes of a LOAD before its name, and of a MOVE.
    const LOAD_FIXED: usize = 40;
    const MOVE_FIXED: usize = 48;

    fn file_header(version: u32, pid: u32, extra: &[u8]) -> Vec<u8> {
        let size = (HEADER + extra.len()) as u32;
        let words = [MAGIC, version, size, 62, 0, pid, 0, 0, 0, 0];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        bytes.extend(extra);
        bytes
    }

    fn record(kind: u32, body: &[u8]) -> Vec<u8> {
        let size = (PREFIX + body.len()) as u32;
        let mut bytes = [kind.to_ne_bytes(), size.to_ne_bytes()].concat();
        bytes.extend([0; 8]);
        bytes.extend(body);
        bytes
    }

    /// Makes a record of `size` bytes of code at `address`, of which it holds `kept`.
    fn load_record(address: u64, size: u64, name: &str, kept: usize) -> Vec<u8> {
        let mut body = [PID.to_ne_bytes(), PID.to_ne_bytes()].concat();
        for number in [address, address, size, 1] {
            body.extend(number.to_ne_bytes());
        }
        body.extend(name.as_bytes());
        body.push(0);
        body.extend(vec![0xcc; kept]);
        record(LOAD, &body)
    }

    fn names(file: &[u8]) -> Result<(u64, Vec<String>), Refused> {
        let mut pieces = Pieces::of(&Wanted {
            length: 64,
            addresses: vec![0x1000, 0x1040],
        });
        let named = read(file, PID, &mut pieces)?;
        Ok((named, pieces.names().into_values().collect()))
    }

    #[test]
    fn names_code_until_other_code_replaces_it() {
        let mut file = file_header(VERSION, PID, b"more");
        file.extend(load_record(0x1000, 0x40, "answer", 0x40));
        file.extend(record(2, b"lines of source"));
        file.extend(load_record(0x9000, 16, "elsewhere", 16));
        let mut body = vec![0; MOVE_FIXED];
        body[24..32].copy_from_slice(&0x1040u64.to_ne_bytes());
        body[32..40].copy_from_slice(&64u64.to_ne_bytes());
        file.extend(load_record(0x1040, 0x40, "moved over", 0x40));
        file.extend(record(MOVE, &body));
        let (named, found) = names(&file).unwrap();
        assert_eq!((named, found), (3, vec!["answer".to_owned()]));
    }

    #[test]
    fn reads_a_dump_that_is_still_being_written() {
        let mut file = file_header(VERSION, PID, b"");
        file.extend(load_record(0x1000, 0x40, "answer", 0x40));
        let whole = file.len();
        file.extend(load_record(0x1040, 0x40, "unfinished", 0x40));
        for end in whole..whole + PREFIX + LOAD_FIXED + 4 {
            let (_, found) = names(&file[..end]).unwrap();
            assert_eq!(found, ["answer"], "{end}");
        }
    }

    #[test]
    fn rejects_dumps_that_contradict_themselves() {
        let refused = |file: &[u8]| names(file).unwrap_err().to_string();
        assert!(refused(b"").contains("does not begin as"));
        assert!(refused(&[7; 200]).contains("does not begin as"));
        assert!(refused(&file_header(9, PID, b"")).contains("version 9"));
        assert!(refused(&file_header(VERSION, 3, b"")).contains("of process 3"));
        let after = |record: Vec<u8>| [file_header(VERSION, PID, b""), record].concat();
        let longer_than_its_record = load_record(0x1000, 1 << 40, "x", 4);
        assert!(refused(&after(longer_than_its_record)).contains("record 1"));
        assert!(refused(&after(record(LOAD, b"short"))).contains("record 1"));
        assert!(refused(&after(record(MOVE, b"short"))).contains("record 1"));
        let smaller_than_its_prefix = [LOAD, 3, 0, 0].map(u32::to_ne_bytes).concat();
        assert!(refused(&after(smaller_than_its_prefix)).contains("record 1"));
    }

    proptest! {
        #[test]
        fn reads_or_rejects_any_bytes(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            cut in 0usize..200,
            change in prop::collection::vec((0usize..400, any::<u8>()), 0..6),
        ) {
            let _ = names(&bytes);
            let mut file = file_header(VERSION, PID, b"");
            file.extend(load_record(0x1000, 0x40, "answer", 0x40));
            file.extend(load_record(0x1040, 8, "other", 8));
            for (at, byte) in change {
                let length = file.len();
                file[at % length] = byte;
            }
            file.truncate(file.len() - cut);
            let _ = names(&file);
        }

        #[test]
        fn finds_every_record(
            sizes in prop::collection::vec(1usize..300, 1..30),
            name in "[a-z]{1,40}",
        ) {
            let mut file = file_header(VERSION, PID, b"");
            for (at, size) in sizes.iter().enumerate() {
                file.extend(load_record(0x10_0000 * at as u64, *size as u64, &name, *size));
            }
            prop_assert_eq!(names(&file).unwrap().0, sizes.len() as u64);
        }
    }
}
