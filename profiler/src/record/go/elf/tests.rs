use super::*;
use proptest::prelude::*;

/// Makes a table of these functions, each at its distance from the start of the code.
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
    // The end of the last function.
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
fn finds_functions_in_the_table_of_a_stripped_executable() {
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
    // Go 1.26 leaves the start of the code to the reader of the table.
    assert_eq!(
        functions_in(&table(0, &FUNCTIONS), 0x1000).unwrap(),
        expected(0x1000)
    );
}

#[test]
fn rejects_malformed_tables() {
    let error = |table: &[u8]| functions_in(table, 0).unwrap_err().to_string();
    assert!(error(b"").contains("unknown format"));
    assert!(error(&[0; 100]).contains("unknown format"));
    let mut cut = table(0, &FUNCTIONS);
    cut.truncate(cut.len() - 1);
    assert!(error(&cut).contains("contradicts itself"));
}

#[test]
fn rejects_programs_without_functions_of_go() {
    let tests = std::env::current_exe().unwrap();
    let error = format!("{:#}", Executable::read(&tests).unwrap_err());
    assert!(error.contains("table of functions"), "{error}");
    assert!(Executable::read(Path::new("/etc/passwd")).is_err());
}

proptest! {
    #[test]
    fn reads_or_rejects_any_table(
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
