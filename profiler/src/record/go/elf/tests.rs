use super::*;
use proptest::prelude::*;

/// A table of these functions, each at its distance from where code begins.
fn table(text: u64, functions: &[(&str, u32)]) -> Vec<u8> {
    const HEADER: u64 = 72;
    let mut names = Vec::new();
    let mut entries = Vec::new();
    let mut data = Vec::new();
    let data_begins = functions.len() as u32 * 8 + 4;
    for (name, at) in functions {
        entries.extend(at.to_le_bytes());
        entries.extend((data_begins + data.len() as u32).to_le_bytes());
        data.extend(at.to_le_bytes());
        data.extend((names.len() as u32).to_le_bytes());
        names.extend(name.as_bytes());
        names.push(0);
    }
    // Where the last function ends.
    entries.extend(u32::MAX.to_le_bytes());
    let mut bytes = vec![0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];
    let words = [
        functions.len() as u64,
        0,
        text,
        HEADER,
        0,
        0,
        0,
        HEADER + names.len() as u64,
    ];
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend(names);
    bytes.extend(entries);
    bytes.extend(data);
    bytes
}

const FUNCTIONS: [(&str, u32); 4] = [
    ("main.main", 0),
    ("runtime.gopark", 0x100),
    ("runtime.mallocgcTiny", 0x200),
    ("runtime.other", 0x300),
];

#[test]
fn functions_are_found_in_the_table_of_a_stripped_executable() {
    let expected = |text| {
        let of = |name: &str, at: u64| (name.to_owned(), text + at);
        vec![
            of("runtime.gopark", 0x100),
            of("runtime.mallocgcTiny", 0x200),
        ]
    };
    assert_eq!(
        functions_in(&table(0x40_0000, &FUNCTIONS), 7).unwrap(),
        expected(0x40_0000)
    );
    // Go 1.26 leaves it to whoever loads the table.
    assert_eq!(
        functions_in(&table(0, &FUNCTIONS), 0x1000).unwrap(),
        expected(0x1000)
    );
}

#[test]
fn a_table_that_is_none_is_refused() {
    let told = |table: &[u8]| functions_in(table, 0).unwrap_err().to_string();
    assert!(told(b"").contains("not known"));
    assert!(told(&[0; 100]).contains("not known"));
    let mut cut = table(0, &FUNCTIONS);
    cut.truncate(cut.len() - 1);
    assert!(told(&cut).contains("contradicts itself"));
}

#[test]
fn what_is_no_go_program_names_nothing() {
    let tests = std::env::current_exe().unwrap();
    let error = format!("{:#}", Executable::read(&tests).unwrap_err());
    assert!(error.contains("table of functions"), "{error}");
    assert!(Executable::read(Path::new("/etc/passwd")).is_err());
}

proptest! {
    #[test]
    fn any_table_is_read_or_refused(
        change in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in any::<u64>(),
    ) {
        let _ = functions_in(&bytes, text);
        let mut changed = table(text, &FUNCTIONS);
        for (at, byte) in change {
            let at = at.index(changed.len());
            changed[at] = byte;
        }
        let _ = functions_in(&changed, text);
    }
}
