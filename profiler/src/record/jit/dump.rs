//! JIT dumps: a runtime's record of the code that it compiled, in the form that `perf inject --jit` reads.
//!
//! The form is specified in the kernel's tools/perf/Documentation/jitdump-specification.txt. The file belongs to the
//! observed process: every size in it is checked against what contains it, and nothing is read into memory but what is
//! needed of a record.

use super::pieces::Pieces;
use std::io::{self, Read, sink};

/// What a dump begins with, as a number of the host's byte order.
const MAGIC: u32 = 0x4a69_5444;
const VERSION: u32 = 1;
/// Bytes of the file's header as version 1 has it; `total_size` says how many there really are.
const HEADER: usize = 40;
/// Bytes before the body of a record: kind, size with these, time.
const PREFIX: usize = 16;
/// Kinds of record: code was put somewhere, and code was moved.
const LOAD: u32 = 0;
const MOVE: u32 = 1;
/// Bytes of a LOAD before its name, and of a MOVE.
const LOAD_FIXED: usize = 40;
const MOVE_FIXED: usize = 48;
/// Bytes of a name that are looked at.
const LONGEST: usize = 1024;

/// Why a dump is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is something else, or written by a machine of another byte order.
    #[error("it does not begin as a JIT dump of this machine")]
    Form,
    /// A later form.
    #[error("it is of version {0}, and only {VERSION} is known")]
    Version(u32),
    /// It is somebody else's.
    #[error("it is of process {0}")]
    Process(u32),
    /// A record whose sizes contradict each other.
    #[error("record {0} is not of the size that it says")]
    Record(u64),
}

/// Puts what a dump of process `pid` says into `pieces`, and gives the number of pieces it names. One that ends in the
/// middle of a record is believed up to there: it is still being written.
pub fn read(mut from: impl Read, pid: u32, pieces: &mut Pieces) -> Result<u64, Refused> {
    header(&mut from, pid)?;
    let (mut named, mut records) = (0, 0);
    while let Some(prefix) = exactly::<PREFIX>(&mut from)? {
        records += 1;
        if pieces.is_exhausted() {
            break;
        }
        let (kind, size) = (u32_at(&prefix, 0), u64::from(u32_at(&prefix, 4)));
        let body = size
            .checked_sub(PREFIX as u64)
            .ok_or(Refused::Record(records))?;
        let mut body = (&mut from).take(body);
        match kind {
            LOAD => named += u64::from(load(&mut body, pieces).ok_or(Refused::Record(records))?),
            MOVE => moved(&mut body, pieces).ok_or(Refused::Record(records))?,
            // Where lines are, how frames unwind: nothing about names.
            _ => {}
        }
        io::copy(&mut body, &mut sink())?;
    }
    Ok(named)
}

fn header(from: &mut impl Read, pid: u32) -> Result<(), Refused> {
    let header = exactly::<HEADER>(from)?.ok_or(Refused::Form)?;
    let (version, size) = (u32_at(&header, 4), u64::from(u32_at(&header, 8)));
    if u32_at(&header, 0) != MAGIC {
        return Err(Refused::Form);
    }
    if version != VERSION {
        return Err(Refused::Version(version));
    }
    if u32_at(&header, 20) != pid {
        return Err(Refused::Process(u32_at(&header, 20)));
    }
    let more = size.checked_sub(HEADER as u64).ok_or(Refused::Form)?;
    io::copy(&mut from.take(more), &mut sink())?;
    Ok(())
}

/// Whether a whole LOAD was there; nothing where its sizes contradict each other.
fn load(body: &mut io::Take<impl Read>, pieces: &mut Pieces) -> Option<bool> {
    let whole = body.limit();
    let Ok(fixed) = exactly::<LOAD_FIXED>(body) else {
        return Some(false);
    };
    let Some(fixed) = fixed else {
        return (whole >= LOAD_FIXED as u64).then_some(false);
    };
    let (address, size) = (u64_at(&fixed, 16), u64_at(&fixed, 24));
    // The code itself follows the name; what is left for the name has its end at least.
    let name = body.limit().checked_sub(size)?.checked_sub(1)?;
    let mut bytes = Vec::new();
    let most = name.min(LONGEST as u64);
    if body.take(most).read_to_end(&mut bytes).ok()? as u64 != most {
        return Some(false);
    }
    let end = bytes.iter().position(|byte| *byte == 0);
    pieces.put(address, size, &bytes[..end.unwrap_or(bytes.len())]);
    Some(true)
}

/// Which function was moved is not kept, so that what is at the new place has no name. No runtime known here moves any.
fn moved(body: &mut impl Read, pieces: &mut Pieces) -> Option<()> {
    let fixed = exactly::<MOVE_FIXED>(body).ok()??;
    pieces.put(u64_at(&fixed, 24), u64_at(&fixed, 32), b"");
    Some(())
}

/// The next `N` bytes; nothing where there are not as many.
fn exactly<const N: usize>(from: &mut impl Read) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    match from.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_ne_bytes(number)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_ne_bytes(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PID: u32 = 77;

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

    /// Code of `size` bytes at `address`, with as many bytes of it in the record as `kept` says.
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
        let mut pieces = Pieces::wanted([0x1000, 0x1040].into_iter());
        let named = read(file, PID, &mut pieces)?;
        Ok((named, pieces.names().into_values().collect()))
    }

    #[test]
    fn code_is_named_wherever_it_is() {
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
    fn a_dump_that_is_still_being_written_counts_up_to_there() {
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
    fn what_contradicts_itself_is_refused() {
        let told = |file: &[u8]| names(file).unwrap_err().to_string();
        assert!(told(b"").contains("does not begin as"));
        assert!(told(&[7; 200]).contains("does not begin as"));
        assert!(told(&file_header(9, PID, b"")).contains("version 9"));
        assert!(told(&file_header(VERSION, 3, b"")).contains("of process 3"));
        let after = |record: Vec<u8>| [file_header(VERSION, PID, b""), record].concat();
        let longer_than_its_record = load_record(0x1000, 1 << 40, "x", 4);
        assert!(told(&after(longer_than_its_record)).contains("record 1"));
        assert!(told(&after(record(LOAD, b"short"))).contains("record 1"));
        assert!(told(&after(record(MOVE, b"short"))).contains("record 1"));
        let smaller_than_its_prefix = [LOAD, 3, 0, 0].map(u32::to_ne_bytes).concat();
        assert!(told(&after(smaller_than_its_prefix)).contains("record 1"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
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
        fn every_record_that_is_written_is_found(
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
