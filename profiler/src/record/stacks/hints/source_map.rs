//! Source files that the code of a stripped file refers to.
//!
//! Assertions and panics name the source file that they stand in (`__FILE__`), and stripping keeps
//! these texts. So a function that refers to `heap/Heap.cpp` is of that file, or has code of it
//! inlined. A linker keeps the functions of one source file together, so a function between two of
//! one source file is most likely of that file, and one between two of one folder of that folder.
//! How often that is right is measured for each folder of each file, on the functions whose source
//! is known; conclusions that are often wrong are not made.
//!
//! Only x86-64 code that keeps frame pointers is read: functions are found by their prologue.

use super::pieces::read_pieces;
use crate::record::symbols::references::{LONGEST, referred};
use crate::record::symbols::segments::Segment;
use recording::code_hint::Neighbours;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;

/// Ends of names of source files. Headers are left out: their code is inlined anywhere.
const SOURCES: [&[u8]; 8] = [
    b".cpp", b".cc", b".cxx", b".c", b".zig", b".rs", b".m", b".mm",
];
/// Length of names of source files, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 5..=300;
/// Names of source files that are kept of one file.
const MOST_SOURCES: usize = 1 << 16;
/// References that are kept of one file.
const MOST_REFERENCES: usize = 1 << 20;
/// `push %rbp; mov %rsp, %rbp`: how a function begins that keeps a frame.
const PROLOGUE: [u8; 4] = [0x55, 0x48, 0x89, 0xe5];
/// Up to which distance a neighbour is near, in bytes, and the longest function.
const REACH: u64 = 64 * 1024;
/// How far a neighbour may be, in bytes. Beyond [`REACH`], conclusions are judged separately.
const FAR_REACH: u64 = 256 * 1024;
/// Functions from which it is seen whether those of one source file lie together.
const FEWEST_FUNCTIONS: usize = 3;
/// Tries from which the share of right conclusions is known well enough.
const FEWEST_TRIES: u64 = 20;
/// Share of right conclusions from which a folder is concluded, in percent.
const RIGHT_PERCENT: u64 = 90;

/// The source of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// A source file; a folder, ending in `/`, where neighbours are of several files.
    pub path: String,
    /// Absent where the function itself refers to it.
    pub neighbours: Option<Neighbours>,
}

/// Source files by function of one file.
#[derive(Debug, Default)]
pub struct SourceMap {
    sources: Vec<String>,
    /// Starts of all functions, ascending.
    starts: Vec<u64>,
    /// Functions that refer to a source file, ascending.
    known: Vec<(u64, usize)>,
    /// How often neighbours are right, by [`Common::pool`].
    tries: BTreeMap<String, Neighbours>,
}

/// A source file or a folder that holds the functions before and behind one.
struct Common<'a> {
    path: &'a str,
    /// Conclusions that are judged together: those of one folder, or those of a single source file
    /// in one folder, with near neighbours or with far ones. A single file has too few functions
    /// for a judgement.
    pool: String,
}

impl SourceMap {
    /// Reads a file.
    pub fn read(file: &File, segments: &[Segment]) -> Self {
        let mut map = SourceMap::default();
        let by_address = map.read_sources(file, segments);
        let references = map.read_code(file, segments, &by_address);
        map.known = map.by_function(&references);
        map.tries = map.try_neighbours();
        map
    }

    /// Returns the source of the function at an address.
    pub fn of(&self, address: u64) -> Option<Source> {
        let function = self.function(address)?;
        let at = self.known.partition_point(|(start, _)| *start < function);
        let known = self.known.get(at);
        if let Some((_, source)) = known.filter(|(start, _)| *start == function) {
            return Some(Source {
                path: self.sources[*source].clone(),
                neighbours: None,
            });
        }
        let before = self.known.get(at.checked_sub(1)?)?;
        let after = known?;
        // The narrowest that is right often enough.
        let mut common = self.common(function, before, after);
        common.find_map(|common| {
            let neighbours = *self.tries.get(&common.pool)?;
            let is_sure = neighbours.tried >= FEWEST_TRIES
                && 100 * neighbours.right >= RIGHT_PERCENT * neighbours.tried;
            is_sure.then(|| Source {
                path: common.path.into(),
                neighbours: Some(neighbours),
            })
        })
    }

    /// Returns the start of the function at an address and that of the next one.
    pub fn range(&self, address: u64) -> Option<(u64, u64)> {
        let start = self.function(address)?;
        let after = self.starts.partition_point(|other| *other <= start);
        let end = self.starts.get(after).copied();
        Some((start, end.unwrap_or(start + REACH)))
    }

    fn function(&self, address: u64) -> Option<u64> {
        let after = self.starts.partition_point(|start| *start <= address);
        let start = *self.starts.get(after.checked_sub(1)?)?;
        (address - start <= REACH).then_some(start)
    }

    /// Reads the names of source files, by their address.
    fn read_sources(&mut self, file: &File, segments: &[Segment]) -> HashMap<u64, usize> {
        let mut by_address = HashMap::new();
        let mut indexes: HashMap<String, usize> = HashMap::new();
        let longest = LENGTHS.end() + 2;
        for segment in segments.iter().filter(|segment| !segment.executable) {
            read_pieces(file, segment, longest, |address, bytes| {
                let mut start = 0;
                for part in bytes.split(|byte| *byte == 0) {
                    let at = start;
                    start += part.len() + 1;
                    // A part that touches an end of the piece is whole in the next piece, or ends
                    // without a zero.
                    if at == 0 || start > bytes.len() || by_address.len() >= MOST_SOURCES {
                        continue;
                    }
                    if let Some(path) = source_path(part) {
                        let next = indexes.len();
                        let index = *indexes.entry(path).or_insert(next);
                        by_address.insert(address + at as u64, index);
                    }
                }
            });
        }
        self.sources = vec![String::new(); indexes.len()];
        for (path, index) in indexes {
            self.sources[index] = path;
        }
        by_address
    }

    /// Reads the starts of functions, and returns which code refers to which source file.
    fn read_code(
        &mut self,
        file: &File,
        segments: &[Segment],
        by_address: &HashMap<u64, usize>,
    ) -> Vec<(u64, usize)> {
        let lowest = by_address.keys().min().copied().unwrap_or(0);
        let highest = by_address.keys().max().copied().unwrap_or(0);
        let mut references = Vec::new();
        for segment in segments.iter().filter(|segment| segment.executable) {
            read_pieces(file, segment, LONGEST - 1, |address, bytes| {
                for (at, window) in bytes.windows(LONGEST).enumerate() {
                    let place = address + at as u64;
                    if window.starts_with(&PROLOGUE) {
                        self.starts.push(place);
                    }
                    let target = match referred(window, place) {
                        Some(target) if (lowest..=highest).contains(&target) => target,
                        _ => continue,
                    };
                    if let Some(source) = by_address.get(&target)
                        && references.len() < MOST_REFERENCES
                    {
                        references.push((place, *source));
                    }
                }
            });
        }
        references.sort_unstable();
        references.dedup();
        self.starts.sort_unstable();
        self.starts.dedup();
        references
    }

    /// Returns the functions that refer to source files, each with the file that it refers to most.
    /// Files whose code is inlined into others are left out.
    fn by_function(&self, references: &[(u64, usize)]) -> Vec<(u64, usize)> {
        let mut counts: BTreeMap<u64, BTreeMap<usize, u64>> = BTreeMap::new();
        for (place, source) in references {
            if let Some(function) = self.function(*place) {
                let of_function = counts.entry(function).or_default();
                *of_function.entry(*source).or_default() += 1;
            }
        }
        let inlined = inlined(&counts);
        let most = counts.into_iter().filter_map(|(function, counts)| {
            let counts = counts.into_iter();
            let own = counts.filter(|(source, _)| !inlined.contains(source));
            let (source, _) = own.max_by_key(|(_, count)| *count)?;
            Some((function, source))
        });
        most.collect()
    }

    /// Concludes file and folder of each function whose source is known from its neighbours, and
    /// counts how often that is right.
    fn try_neighbours(&self) -> BTreeMap<String, Neighbours> {
        let mut tries: BTreeMap<String, Neighbours> = BTreeMap::new();
        for triple in self.known.windows(3) {
            let [before, (function, source), after] = triple else {
                continue;
            };
            for common in self.common(*function, before, after) {
                let neighbours = tries.entry(common.pool).or_default();
                neighbours.tried += 1;
                neighbours.right += u64::from(self.sources[*source].starts_with(common.path));
            }
        }
        tries
    }

    /// Returns the file, then the folders that hold the sources of both neighbours, the deepest
    /// first; none where a neighbour is far.
    fn common(
        &self,
        function: u64,
        (before, source_before): &(u64, usize),
        (after, source_after): &(u64, usize),
    ) -> impl Iterator<Item = Common<'_>> {
        let distance = (function - before).max(after - function);
        let far = if distance > REACH { "~" } else { "" };
        let (one, other) = (&self.sources[*source_before], &self.sources[*source_after]);
        let file = (one == other).then(|| Common {
            path: one,
            pool: format!("{}*{far}", &one[..one.rfind('/').map_or(0, |at| at + 1)]),
        });
        let ends = one.char_indices().rev();
        let folders = ends.filter(|(_, letter)| *letter == '/');
        let folders = folders.map(|(at, _)| &one[..=at]);
        let folders = folders.filter(move |folder| other.starts_with(folder));
        let folders = folders.map(move |path| Common {
            path,
            pool: format!("{path}{far}"),
        });
        let all = file.into_iter().chain(folders);
        all.filter(move |_| distance <= FAR_REACH)
    }
}

/// Returns the source files whose functions lie in many places: their code is inlined into
/// functions of other files, so that a reference to them proves nothing.
fn inlined(counts: &BTreeMap<u64, BTreeMap<usize, u64>>) -> BTreeSet<usize> {
    let mut functions: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (function, sources) in counts {
        for source in sources.keys() {
            functions.entry(*source).or_default().push(*function);
        }
    }
    let is_scattered = |functions: &Vec<u64>| {
        let near = |one: &u64, next: &u64| next - one <= REACH;
        let longest = functions.chunk_by(near).map(<[u64]>::len).max();
        functions.len() >= FEWEST_FUNCTIONS && 2 * longest.unwrap_or(0) < functions.len()
    };
    let scattered = functions.into_iter();
    let scattered = scattered.filter(|(_, functions)| is_scattered(functions));
    scattered.map(|(source, _)| source).collect()
}

/// Returns the path of a source file without leading steps upwards; `None` for other text.
fn source_path(text: &[u8]) -> Option<String> {
    let is_source = LENGTHS.contains(&text.len())
        && SOURCES.iter().any(|end| text.ends_with(end))
        && text.iter().all(u8::is_ascii_graphic);
    let text = std::str::from_utf8(text).ok().filter(|_| is_source)?;
    let mut path = text;
    while let Some(rest) = path.strip_prefix("../").or_else(|| path.strip_prefix("./")) {
        path = rest;
    }
    Some(path.into())
}

#[cfg(test)]
mod tests;
