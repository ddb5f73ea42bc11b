//! `.gopclntab`: the table of functions that Go's own unwinder needs, present in stripped
//! executables too. No library reads it.
//!
//! The layouts are those of src/debug/gosym/pclntab.go since Go 1.2, on machines with 64-bit
//! pointers in little-endian order. The table belongs to the observed process and may hold
//! anything, so that every read is checked.

/// Longest name that is read, in bytes.
const LONGEST_NAME: usize = 4096;

/// How the table stores functions, by its first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Go 1.2 to 1.15: addresses, and names relative to the table.
    V12,
    /// Go 1.16 and 1.17: addresses, and names in a part of their own.
    V116,
    /// Go 1.18 and later: distances from the start of the code.
    V118,
}

impl Layout {
    fn of(magic: u32) -> Option<Self> {
        match magic {
            0xffff_fffb => Some(Layout::V12),
            0xffff_fffa => Some(Layout::V116),
            0xffff_fff0 | 0xffff_fff1 => Some(Layout::V118),
            _ => None,
        }
    }
}

/// A function in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Address of its first instruction.
    pub start: u64,
    /// Address of the next function.
    pub end: u64,
    /// Place of its description, which [`Table::name`] takes.
    pub place: usize,
}

/// The table of functions of an executable.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    bytes: &'a [u8],
    layout: Layout,
    count: usize,
    names: usize,
    functions: usize,
    text: Option<u64>,
}

impl<'a> Table<'a> {
    /// Reads the header of a table; `None` if it has an unknown format.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let reader = Reader(bytes);
        let layout = Layout::of(reader.half(0)?)?;
        if *bytes.get(7)? != 8 {
            return None;
        }
        let offset = |at| usize::try_from(reader.word(at)?).ok();
        let (text, names, functions) = match layout {
            Layout::V12 => (None, 0, 16),
            Layout::V116 => (None, offset(24)?, offset(56)?),
            Layout::V118 => (reader.word(24), offset(32)?, offset(64)?),
        };
        Some(Table {
            bytes,
            layout,
            count: offset(8)?,
            names,
            functions,
            // Since Go 1.26 the reader must know the start of the code.
            text: text.filter(|text| *text != 0),
        })
    }

    /// Returns whether the addresses depend on a start of the code that the table does not hold.
    pub fn lacks_text(&self) -> bool {
        self.layout == Layout::V118 && self.text.is_none()
    }

    /// Sets the start of the code, for tables that lack it.
    pub fn with_text(self, text: u64) -> Self {
        match self.lacks_text() {
            true => Table {
                text: Some(text),
                ..self
            },
            false => self,
        }
    }

    /// Lists the functions; an item is `None` where the table contradicts itself.
    pub fn functions(&self) -> impl Iterator<Item = Option<Entry>> + use<'a> {
        let table = *self;
        // No more than the table has room for.
        (0..table.count.min(table.bytes.len() / 8)).map(move |at| table.entry(at))
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let reader = Reader(self.bytes);
        let size = if self.layout == Layout::V118 { 4 } else { 8 };
        let from = self.functions.checked_add(at.checked_mul(2 * size)?)?;
        let number = |field: usize| {
            let at = from.checked_add(field * size)?;
            match self.layout {
                Layout::V118 => reader.half(at).map(u64::from),
                _ => reader.word(at),
            }
        };
        let base = match self.layout {
            Layout::V118 => self.text.unwrap_or(0),
            _ => 0,
        };
        let offset = usize::try_from(number(1)?).ok()?;
        let place = match self.layout {
            Layout::V12 => offset,
            _ => self.functions.checked_add(offset)?,
        };
        Some(Entry {
            start: base.checked_add(number(0)?)?,
            end: base.checked_add(number(2)?)?,
            place,
        })
    }

    /// Returns the name of the function that is described at `place`.
    pub fn name(&self, place: usize) -> Option<&'a str> {
        let entry_size = if self.layout == Layout::V118 { 4 } else { 8 };
        let offset = Reader(self.bytes).half(place.checked_add(entry_size)?)?;
        let name = self.bytes.get(self.names.checked_add(offset as usize)?..)?;
        let name = &name[..name.len().min(LONGEST_NAME)];
        let name = &name[..name.iter().position(|byte| *byte == 0)?];
        std::str::from_utf8(name).ok()
    }
}

/// Numbers in a table.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn word(&self, at: usize) -> Option<u64> {
        let bytes = self.0.get(at..at.checked_add(8)?)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    fn half(&self, at: usize) -> Option<u32> {
        let bytes = self.0.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FUNCTIONS: [(&str, u32); 4] = [
        ("main.main", 0),
        ("runtime.gopark", 0x100),
        ("runtime.mallocgcTiny", 0x200),
        ("runtime.other", 0x300),
    ];
    const END: u32 = 0x400;

    /// Makes a table of these functions, each at its distance from the start of the code, as Go
    /// 1.20 and later write it.
    fn table(text: u64, functions: &[(&str, u32)]) -> Vec<u8> {
        const HEADER: u64 = 72;
        let mut names = Vec::new();
        let (mut entries, mut data) = (Vec::new(), Vec::new());
        let data_begins = functions.len() as u32 * 8 + 4;
        for (name, at) in functions {
            entries.extend(at.to_le_bytes());
            entries.extend((data_begins + data.len() as u32).to_le_bytes());
            data.extend(at.to_le_bytes());
            data.extend((names.len() as u32).to_le_bytes());
            names.extend(name.as_bytes());
            names.push(0);
        }
        entries.extend(END.to_le_bytes());
        let mut bytes = vec![0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
        let places = [0, text, HEADER, 0, 0, 0, HEADER + names.len() as u64];
        let words = [functions.len() as u64].into_iter().chain(places);
        bytes.extend(words.flat_map(u64::to_le_bytes));
        [bytes, names, entries, data].concat()
    }

    /// Makes a table as Go 1.2 or 1.16 write it, with addresses.
    fn older(magic: u8, text: u64, functions: &[(&str, u32)]) -> Vec<u8> {
        let separate = magic == 0xfa;
        let header: u64 = if separate { 64 } else { 16 };
        let names: Vec<u8> = functions
            .iter()
            .flat_map(|(name, _)| [name.as_bytes(), &[0]].concat())
            .collect();
        let begins = if separate {
            header + names.len() as u64
        } else {
            header
        };
        let data_begins = (functions.len() * 16 + 8) as u64;
        let names_at = if separate {
            0
        } else {
            header + data_begins + 12 * functions.len() as u64
        };
        let (mut entries, mut data, mut name_at) = (Vec::new(), Vec::new(), names_at as u32);
        for (name, at) in functions {
            let address = text + u64::from(*at);
            let offset = data_begins + data.len() as u64 + if separate { 0 } else { begins };
            entries.extend(address.to_le_bytes());
            entries.extend(offset.to_le_bytes());
            data.extend(address.to_le_bytes());
            data.extend(name_at.to_le_bytes());
            name_at += name.len() as u32 + 1;
        }
        entries.extend((text + u64::from(END)).to_le_bytes());
        let mut bytes = vec![magic, 0xff, 0xff, 0xff, 0, 0, 1, 8];
        bytes.extend((functions.len() as u64).to_le_bytes());
        if separate {
            let words = [0, header, 0, 0, 0, begins];
            bytes.extend(words.iter().flat_map(|word: &u64| word.to_le_bytes()));
            [bytes, names, entries, data].concat()
        } else {
            [bytes, entries, data, names].concat()
        }
    }

    fn listed(bytes: &[u8], text: u64) -> Vec<(String, u64, u64)> {
        let table = Table::parse(bytes).expect("a table").with_text(text);
        let entries = table.functions().map(|entry| entry.expect("whole"));
        let listed = entries.map(|entry| {
            let name = table.name(entry.place).expect("named");
            (name.to_owned(), entry.start, entry.end)
        });
        listed.collect()
    }

    fn expected(text: u64) -> Vec<(String, u64, u64)> {
        let ends = [0x100, 0x200, 0x300, END];
        let of = |((name, at), end): (&(&str, u32), u32)| {
            (
                (*name).to_owned(),
                text + u64::from(*at),
                text + u64::from(end),
            )
        };
        FUNCTIONS.iter().zip(ends).map(of).collect()
    }

    #[test]
    fn lists_functions_of_every_layout() {
        let current = table(0x40_0000, &FUNCTIONS);
        assert_eq!(listed(&current, 7), expected(0x40_0000));
        assert!(!Table::parse(&current).expect("a table").lacks_text());
        // Go 1.26 leaves the start of the code to the reader of the table.
        assert_eq!(listed(&table(0, &FUNCTIONS), 0x1000), expected(0x1000));
        for magic in [0xfb, 0xfa] {
            let older = older(magic, 0x40_0000, &FUNCTIONS);
            assert_eq!(listed(&older, 7), expected(0x40_0000), "{magic:#x}");
        }
    }

    #[test]
    fn rejects_unknown_formats_and_marks_contradictions() {
        assert!(Table::parse(b"").is_none());
        assert!(Table::parse(&[0; 100]).is_none());
        let mut of_32_bits = table(0, &FUNCTIONS);
        of_32_bits[7] = 4;
        assert!(Table::parse(&of_32_bits).is_none());
        let mut endless = table(1, &FUNCTIONS);
        endless[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        let endless = Table::parse(&endless).expect("a header");
        assert!(endless.functions().any(|entry| entry.is_none()));
        let mut elsewhere = table(1, &FUNCTIONS);
        elsewhere[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
        let elsewhere = Table::parse(&elsewhere).expect("a header");
        let entry = elsewhere.functions().next().flatten().expect("whole");
        assert_eq!(elsewhere.name(entry.place), None);
    }

    proptest! {
        #[test]
        fn reads_or_rejects_any_table(
            magic in prop::sample::select(vec![0xf1u8, 0xf0, 0xfa, 0xfb]),
            change in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            text in any::<u64>(),
        ) {
            let mut changed = table(text, &FUNCTIONS);
            for (at, byte) in change {
                let at = at.index(changed.len());
                changed[at] = byte;
            }
            changed[0] = magic;
            for bytes in [bytes, changed] {
                let Some(table) = Table::parse(&bytes) else { continue };
                for entry in table.with_text(text).functions().flatten() {
                    let _ = table.name(entry.place);
                }
            }
        }
    }
}
