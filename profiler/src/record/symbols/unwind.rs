//! Starts of functions by `.eh_frame`, which stripped files keep for exceptions and unwinding.

use super::image::Image;
use gimli::{BaseAddresses, EhFrame, EhFrameHdr, EhFrameOffset, LittleEndian, UnwindSection};
use object::{Object, ObjectSection, ReadRef};
use std::collections::{BTreeMap, BTreeSet};

const BYTES_OF_POINTER: u8 = 8;
/// Place of the byte that says how the number of entries in `.eh_frame_hdr` is encoded.
const ENCODING_OF_COUNT: usize = 2;

/// Finds the start of the function that holds each address; leaves out addresses that no entry of
/// the table covers.
pub fn starts<'a, R: ReadRef<'a>>(
    image: &Image<'a, R>,
    addresses: &BTreeSet<u64>,
) -> BTreeMap<u64, u64> {
    let sections = [".eh_frame_hdr", ".eh_frame"].map(|name| image.elf().section_by_name(name));
    let [Some(index), Some(table)] = sections else {
        return BTreeMap::new();
    };
    let (Ok(index_bytes), Ok(table_bytes)) = (index.data(), table.data()) else {
        return BTreeMap::new();
    };
    // Linkers write a count of four bytes. The library multiplies larger ones beyond 64 bits.
    if index_bytes.get(ENCODING_OF_COUNT) != Some(&gimli::DW_EH_PE_udata4.0) {
        return BTreeMap::new();
    }
    let bases = BaseAddresses::default()
        .set_eh_frame_hdr(index.address())
        .set_eh_frame(table.address());
    let table = EhFrame::new(table_bytes, LittleEndian);
    let index = EhFrameHdr::new(index_bytes, LittleEndian);
    let Ok(index) = index.parse(&bases, BYTES_OF_POINTER) else {
        return BTreeMap::new();
    };
    let (Ok(begin), Some(index)) = (index.eh_frame_ptr().direct(), index.table()) else {
        return BTreeMap::new();
    };
    let start = |address: &u64| {
        let place = index.lookup(*address, &bases).ok()?.direct().ok()?;
        // `pointer_to_offset` of the library expects that entries follow the table's beginning.
        let offset = EhFrameOffset(usize::try_from(place.checked_sub(begin)?).ok()?);
        let cie = |table: &EhFrame<_>, bases: &_, offset| table.cie_from_offset(bases, offset);
        let entry = table.fde_from_offset(&bases, offset, cie).ok()?;
        entry
            .contains(*address)
            .then_some((*address, entry.initial_address()))
    };
    addresses.iter().filter_map(start).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::symbols::bounded::Bounded;
    use crate::record::symbols::testing::Built;
    use proptest::prelude::*;
    use std::fs::File;

    #[test]
    fn finds_starts_in_stripped_files() {
        let built = Built::with(&[]);
        let bounded = Bounded::new(File::open(built.stripped()).expect("it is there"));
        let image = Image::parse(&bounded).expect("an ELF file");
        let inside = built.known_work + 5;
        let addresses = BTreeSet::from([built.known_work, inside, 1, u64::MAX]);
        let expected = [
            (built.known_work, built.known_work),
            (inside, built.known_work),
        ];
        assert_eq!(starts(&image, &addresses), BTreeMap::from(expected));
    }

    #[test]
    fn survives_any_change_of_the_tables() {
        let built = Built::with(&[]);
        let whole = std::fs::read(built.stripped()).expect("read");
        let image = Image::parse(whole.as_slice()).expect("an ELF file");
        let ranges = [".eh_frame_hdr", ".eh_frame"].map(|name| {
            let section = image.elf().section_by_name(name).expect("it is there");
            section.file_range().expect("it has bytes")
        });
        let addresses = BTreeSet::from([built.known_work + 5]);
        let change = (any::<bool>(), any::<prop::sample::Index>(), any::<u8>());
        proptest!(|(changes in prop::collection::vec(change, 1..8))| {
            let mut bytes = whole.clone();
            for (second, at, byte) in changes {
                let (from, size) = ranges[usize::from(second)];
                bytes[from as usize + at.index(size as usize)] = byte;
            }
            let image = Image::parse(bytes.as_slice()).expect("its headers are whole");
            let _ = starts(&image, &addresses);
        });
    }
}
