//! Source files of functions that JavaScriptCore compiled.
//!
//! Its JIT dump names a function `JSC-FTL: answer#EqY6qN`, by the hash of its source text. Its own
//! sampling profiler has the hash as well, and the source file. In an instrumented round a module
//! that Bun loads first writes both down, a line `HASH URL` for each function.

use super::name::readable;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

/// Bytes of a line that are read.
const LONGEST: u64 = 4096;
/// Functions that are kept.
const MOST: usize = 1 << 20;
/// Letters and digits of a hash.
const HASH: usize = 6;

/// Source files by hash.
#[derive(Debug, Default)]
pub struct Sources(BTreeMap<[u8; HASH], String>);

/// Returns the name of the file of a process.
pub fn file_name(pid: u32) -> String {
    format!("sources-{pid}.txt")
}

impl Sources {
    /// Reads the lines of a file; malformed ones are skipped.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(mut from: impl BufRead) -> io::Result<Self> {
        let mut sources = Sources::default();
        let mut line = Vec::new();
        while sources.0.len() < MOST {
            line.clear();
            if from.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            // A last line without an end is still being written.
            if let Some(line) = line.strip_suffix(b"\n")
                && let Some((hash, url)) = line.split_first_chunk::<HASH>()
                && hash.iter().all(u8::is_ascii_alphanumeric)
                && let Some(url) = url.strip_prefix(b" ")
            {
                sources.0.insert(*hash, readable(url));
            }
        }
        Ok(sources)
    }

    /// Adds the source file to the names of functions that have one: `JSC-FTL: answer#EqY6qN
    /// server.ts`.
    pub fn add_to<'n>(&self, functions: impl Iterator<Item = &'n mut String>) {
        for function in functions.filter(|function| function.starts_with("JSC-")) {
            let hash = function.rsplit('#').next().unwrap_or_default();
            let hash: Option<[u8; HASH]> = hash.as_bytes().try_into().ok();
            if let Some(file) = hash.and_then(|hash| self.0.get(&hash)) {
                function.push(' ');
                function.push_str(file);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(lines: &[u8], function: &str) -> String {
        let mut function = function.to_owned();
        let sources = Sources::read(lines).unwrap();
        sources.add_to(std::iter::once(&mut function));
        function
    }

    #[test]
    fn adds_the_source_file_to_functions_with_its_hash() {
        let lines = b"EqY6qN /srv/app/server.ts\nnonsense\n\nAb12Cd file:///srv/node_modules/zod/a.js\nZz12Cd /unfinished";
        for (function, expected) in [
            ("JSC-FTL: hot#EqY6qN", "JSC-FTL: hot#EqY6qN server.ts"),
            ("JSC-DFG: #EqY6qN", "JSC-DFG: #EqY6qN server.ts"),
            (
                "JSC-DFG: x#Ab12Cd",
                "JSC-DFG: x#Ab12Cd node_modules/zod/a.js",
            ),
            ("JSC-DFG: x#Zz12Cd", "JSC-DFG: x#Zz12Cd"),
            ("JSC-Thunk: UnlinkedCall", "JSC-Thunk: UnlinkedCall"),
            ("JS:*hot#EqY6qN", "JS:*hot#EqY6qN"),
        ] {
            assert_eq!(named(lines, function), expected);
        }
    }

    proptest! {
        #[test]
        fn reads_any_bytes(
            lines in prop::collection::vec(any::<u8>(), 0..400),
            function in "(JSC-)?.*",
        ) {
            prop_assert_eq!(named(&lines, &function), function);
        }
    }
}
