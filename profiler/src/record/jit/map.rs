//! Perf maps: a line for each piece of compiled code, with address, size and name
//! (tools/perf/Documentation/jit-interface.txt in the kernel's source). A name may hold anything,
//! even line ends, so that malformed lines are skipped.

use super::pieces::Pieces;
use std::io::{self, BufRead, Read};

/// Bytes of a line that are read.
const LONGEST: u64 = 4096;

/// Puts the code of a map into `pieces`, and returns the number of pieces with a symbol.
///
/// # Errors
/// The file cannot be read.
pub fn read(mut from: impl BufRead, pieces: &mut Pieces) -> io::Result<u64> {
    let mut named = 0;
    let mut line = Vec::new();
    let mut begins = true;
    while !pieces.is_exhausted() {
        line.clear();
        if from.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let whole = line.last() == Some(&b'\n');
        // The rest of a line that was cut is no line. A last line without an end is still being
        // written.
        if begins
            && (whole || line.len() as u64 == LONGEST)
            && let Some((start, size, name)) = piece(&line)
        {
            pieces.put(start, size, name);
            named += 1;
        }
        begins = whole;
    }
    Ok(named)
}

fn piece(line: &[u8]) -> Option<(u64, u64, &[u8])> {
    let mut fields = line.trim_ascii_end().splitn(3, |byte| *byte == b' ');
    let mut number = || {
        let digits = std::str::from_utf8(fields.next()?).ok()?;
        u64::from_str_radix(digits.trim_start_matches("0x"), 16).ok()
    };
    let (start, size) = (number()?, number()?);
    let name = fields.next().filter(|name| !name.is_empty())?;
    Some((start, size, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::jit::Wanted;
    use proptest::prelude::*;

    fn names(text: &[u8]) -> (u64, Vec<String>) {
        let mut pieces = Pieces::of(&Wanted {
            length: 64,
            addresses: vec![0x1000, 0x1040],
        });
        let named = read(text, &mut pieces).unwrap();
        (named, pieces.names().into_values().collect())
    }

    #[test]
    fn names_pieces_and_skips_malformed_lines() {
        let text = b"1000 40 answer\nnonsense\n\n0x1040 0x20 with a space\n1 2\nzz 1 x\n1000 40 unfinished";
        let (named, found) = names(text);
        assert_eq!(named, 2);
        assert_eq!(found, ["answer", "with a space"]);
    }

    #[test]
    fn cuts_a_long_line_and_skips_its_rest() {
        let flood = format!("1000 40 {}\n1040 40 next\n", "1040 40 x".repeat(2_000));
        let (named, found) = names(flood.as_bytes());
        assert_eq!((named, found.len(), found[1].as_str()), (2, 2, "next"));
    }

    proptest! {
        #[test]
        fn reads_any_bytes(text in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = names(&text);
        }
    }
}
