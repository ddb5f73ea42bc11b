//! The function of each piece of code, out of a list of functions in any order.

use std::collections::{BTreeMap, BTreeSet};

/// How far after its start code belongs to a function whose size is not known, in bytes.
const REACH: u64 = 64 * 1024;

/// A function in a list: its start, its size (0 where it is not known), and what names it.
pub type Entry<H> = (u64, u64, H);

/// Finds the function of each piece of code. A piece is `length` bytes long and is given by its
/// lowest address. Returns the function's start and what names it.
///
/// A piece belongs to the function that has most of it. Of nested functions the inner one counts,
/// and of two names the first. Code after a function of unknown size belongs to it unless another
/// function begins before.
pub fn functions_of<H: Copy, I: Iterator<Item = Entry<H>>>(
    pieces: &BTreeSet<u64>,
    length: u64,
    list: impl Fn() -> I,
) -> BTreeMap<u64, (u64, H)> {
    let mut best: BTreeMap<u64, Option<Candidate<H>>> =
        pieces.iter().map(|piece| (*piece, None)).collect();
    for (start, size, handle) in list().filter(|(_, size, _)| *size > 0) {
        let end = start.saturating_add(size);
        for (piece, best) in best.range_mut(start.saturating_sub(length - 1)..end) {
            let overlap = end.min(piece.saturating_add(length)) - start.max(*piece);
            let rank = (overlap, start);
            if best.as_ref().is_none_or(|best| best.rank < rank) {
                *best = Some(Candidate { rank, handle });
            }
        }
    }
    let unknown = best.iter().filter(|(_, best)| best.is_none());
    let unknown: Vec<u64> = unknown.map(|(piece, _)| *piece).collect();
    let found = best.into_iter();
    let mut found: BTreeMap<u64, (u64, H)> = found
        .filter_map(|(piece, best)| best.map(|best| (piece, (best.rank.1, best.handle))))
        .collect();
    found.extend(after_unsized(&unknown, list()));
    found
}

struct Candidate<H> {
    /// Bytes of the piece that the function has, and the function's start.
    rank: (u64, u64),
    handle: H,
}

/// Finds the functions of unknown size that the pieces, in ascending order, come after.
fn after_unsized<H: Copy>(
    pieces: &[u64],
    list: impl Iterator<Item = Entry<H>>,
) -> Vec<(u64, (u64, H))> {
    if pieces.is_empty() {
        return Vec::new();
    }
    // The nearest function before each piece, among those that begin after the piece before it.
    let mut nearest: Vec<Option<Entry<H>>> = vec![None; pieces.len()];
    for entry in list {
        let next = pieces.partition_point(|piece| *piece < entry.0);
        if let Some(nearest) = nearest.get_mut(next)
            && nearest.is_none_or(|nearest| nearest.0 < entry.0)
        {
            *nearest = Some(entry);
        }
    }
    let mut last = None;
    let mut found = Vec::new();
    for (piece, nearest) in pieces.iter().zip(nearest) {
        last = nearest.or(last);
        if let Some((start, 0, handle)) = last
            && piece - start < REACH
        {
            found.push((*piece, (start, handle)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(pieces: &[u64], length: u64, list: &[Entry<char>]) -> Vec<(u64, u64, char)> {
        let pieces = pieces.iter().copied().collect();
        let found = functions_of(&pieces, length, || list.iter().copied());
        let found = found.into_iter();
        found
            .map(|(piece, (start, name))| (piece, start, name))
            .collect()
    }

    #[test]
    fn finds_the_function_that_has_most_of_a_piece() {
        let list = [(0x30, 0x20, 'b'), (0, 0x30, 'a'), (0x50, 0x100, 'c')];
        let expected = [(0, 0, 'a'), (0x40, 0x50, 'c'), (0x80, 0x50, 'c')];
        assert_eq!(found(&[0, 0x40, 0x80, 0x200], 64, &list), expected);
        assert_eq!(
            found(&[0x2f, 0x30], 1, &list),
            [(0x2f, 0, 'a'), (0x30, 0x30, 'b')]
        );
    }

    #[test]
    fn prefers_inner_functions_and_first_names() {
        let list = [(0, 0x100, 'o'), (0x40, 0x10, 'i'), (0x40, 0x10, 'j')];
        assert_eq!(found(&[0x41], 1, &list), [(0x41, 0x40, 'i')]);
        assert_eq!(found(&[0x50], 1, &list), [(0x50, 0, 'o')]);
    }

    #[test]
    fn keeps_code_after_a_function_of_unknown_size_up_to_the_next_one() {
        let list = [(0x40, 0x10, 'b'), (0x10, 0, 'a'), (0x100, 0, 'c')];
        let pieces = [0xf, 0x10, 0x3f, 0x40, 0x50, 0x100, 0x100 + REACH];
        let expected = [
            (0x10, 0x10, 'a'),
            (0x3f, 0x10, 'a'),
            (0x40, 0x40, 'b'),
            (0x100, 0x100, 'c'),
        ];
        assert_eq!(found(&pieces, 1, &list), expected);
    }

    proptest! {
        #[test]
        fn agrees_with_a_search_of_every_function(
            pieces in prop::collection::btree_set(any::<u8>(), 1..20),
            list in prop::collection::vec((any::<u8>(), 0u64..40), 0..30),
        ) {
            let pieces: BTreeSet<u64> = pieces.into_iter().map(u64::from).collect();
            let entries: Vec<Entry<usize>> = list.iter().enumerate()
                .map(|(place, (start, size))| (u64::from(*start), *size, place)).collect();
            let found = functions_of(&pieces, 1, || entries.iter().copied());
            for piece in &pieces {
                let covers = |(start, size, _): &&Entry<usize>| piece.wrapping_sub(*start) < *size;
                let innermost = entries.iter().filter(covers).map(|entry| entry.0).max();
                let before = entries.iter().filter(|entry| entry.0 <= *piece).map(|entry| entry.0).max();
                let expected = innermost.or_else(|| {
                    before.filter(|start| {
                        let first = entries.iter().find(|entry| entry.0 == *start);
                        first.is_some_and(|entry| entry.1 == 0)
                    })
                });
                prop_assert_eq!(found.get(piece).map(|(start, _)| *start), expected);
            }
        }

        #[test]
        fn accepts_any_addresses(
            pieces in prop::collection::btree_set(any::<u64>(), 0..10),
            list in prop::collection::vec((any::<u64>(), any::<u64>()), 0..10),
            length in 1u64..100,
        ) {
            let list = list.iter().map(|(start, size)| (*start, *size, ()));
            let list: Vec<Entry<()>> = list.collect();
            let _ = functions_of(&pieces, length, || list.iter().copied());
        }
    }
}
