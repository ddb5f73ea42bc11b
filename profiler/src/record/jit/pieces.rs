//! Pieces of compiled code, kept where samples fell.

use super::name::readable;
use std::collections::BTreeMap;

/// Longest piece that is plausible: V8's largest have some hundred KiB.
const LONGEST_PIECE: u64 = 64 << 20;
/// Most times that a piece may be put into a unit, in all: it bounds the work that a process can
/// cause.
const MOST_PUT: u64 = 20_000_000;

/// Places in compiled code whose names are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Length of each place, in bytes.
    pub length: u64,
    /// Lowest address of each place.
    pub addresses: Vec<u64>,
}

/// The pieces in each place that samples fell into.
pub struct Pieces {
    length: u64,
    places: BTreeMap<u64, Vec<Piece>>,
    put: u64,
}

struct Piece {
    start: u64,
    end: u64,
    name: String,
}

impl Pieces {
    /// Begins without names.
    pub fn of(wanted: &Wanted) -> Self {
        let addresses = wanted.addresses.iter();
        Pieces {
            length: wanted.length,
            places: addresses.map(|address| (*address, Vec::new())).collect(),
            put: 0,
        }
    }

    /// Puts code at `start`. It replaces the code that was there: memory for code is used again. An
    /// empty name stands for unknown code.
    pub fn put(&mut self, start: u64, size: u64, name: &[u8]) {
        if size == 0 || size > LONGEST_PIECE || self.is_exhausted() {
            return;
        }
        let end = start.saturating_add(size);
        let mut readable_name = None;
        let reached = start.saturating_sub(self.length - 1)..end;
        for (_, pieces) in self.places.range_mut(reached) {
            self.put += 1;
            pieces.retain(|piece| piece.end <= start || end <= piece.start);
            let name = readable_name.get_or_insert_with(|| readable(name)).clone();
            pieces.push(Piece { start, end, name });
        }
    }

    /// Returns whether the limit is reached, so that the rest is not read.
    pub fn is_exhausted(&self) -> bool {
        self.put >= MOST_PUT
    }

    /// Returns the name of each place: that of the piece that has most of it. Places without a
    /// named piece are left out.
    pub fn names(self) -> BTreeMap<u64, String> {
        let name = |(place, pieces): (u64, Vec<Piece>)| {
            let last = place.saturating_add(self.length);
            let overlap = |piece: &Piece| piece.end.min(last) - piece.start.max(place);
            let most = pieces.into_iter().max_by_key(overlap)?;
            (!most.name.is_empty()).then_some((place, most.name))
        };
        self.places.into_iter().filter_map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wanted(units: &[u64]) -> Wanted {
        Wanted {
            length: 64,
            addresses: units.to_vec(),
        }
    }

    fn named(units: &[u64], put: &[(u64, u64, &str)]) -> Vec<(u64, String)> {
        let mut pieces = Pieces::of(&wanted(units));
        for (start, size, name) in put {
            pieces.put(*start, *size, name.as_bytes());
        }
        pieces.names().into_iter().collect()
    }

    #[test]
    fn names_a_unit_after_the_piece_that_has_most_of_it() {
        let found = named(
            &[0x1000, 0x1040, 0x2000],
            &[
                (0xff0, 0x20, "before"),
                (0x1010, 0x40, "most"),
                (0x1050, 8, "after"),
            ],
        );
        let of = |unit, name: &str| (unit, name.to_owned());
        assert_eq!(found, [of(0x1000, "most"), of(0x1040, "most")]);
    }

    #[test]
    fn forgets_replaced_code() {
        let put = [(0x1000, 0x40, "old"), (0x1020, 0x10, "new")];
        assert_eq!(named(&[0x1000], &put), [(0x1000, "new".into())]);
        let unknown = [(0x1000, 0x40, "old"), (0x1000, 0x40, "")];
        assert_eq!(named(&[0x1000], &unknown), []);
        let none = [(0x1000, 0, "empty"), (0x1000, u64::MAX, "everything")];
        assert_eq!(named(&[0x1000], &none), []);
    }

    proptest! {
        #[test]
        fn keeps_pieces_apart(
            put in prop::collection::vec((any::<u64>(), any::<u64>(), 0u64..256, 0u64..128), 0..40),
        ) {
            let near = |(far, size, start, length): &(u64, u64, u64, u64)| {
                if far % 7 == 0 { (*far, *size) } else { (*start, *length) }
            };
            let mut pieces = Pieces::of(&wanted(&[0, 64, 128, u64::MAX - 63]));
            for (start, size) in put.iter().map(near) {
                pieces.put(start, size, b"x");
            }
            for pieces in pieces.places.values() {
                for (at, one) in pieces.iter().enumerate() {
                    prop_assert!(pieces[..at].iter().all(|other| one.end <= other.start || other.end <= one.start));
                }
            }
            let _ = pieces.names();
        }
    }
}
