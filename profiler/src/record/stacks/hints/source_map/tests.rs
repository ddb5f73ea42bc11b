use super::super::texts;
use super::*;
use std::io::Write;

/// Address of the code of built files.
const CODE: u64 = 0x40_0000;
/// Address of their texts.
const TEXTS: u64 = 0x60_0000;
/// Distance of functions.
const STEP: u64 = 64;

/// A file of texts and of functions that refer to one each, or to none.
struct Built {
    texts: Vec<u8>,
    code: Vec<u8>,
    known: HashMap<String, u64>,
}

impl Built {
    fn new() -> Self {
        Built {
            texts: vec![0],
            code: Vec::new(),
            known: HashMap::new(),
        }
    }

    fn text(&mut self, text: &str) -> u64 {
        let next = TEXTS + self.texts.len() as u64;
        let at = *self.known.entry(text.into()).or_insert(next);
        if at == next {
            self.texts.extend(text.as_bytes());
            self.texts.push(0);
        }
        at
    }

    /// Adds a function, and returns its address.
    fn function(&mut self, refers_to: Option<&str>) -> u64 {
        let start = CODE + self.code.len() as u64;
        let mut code = PROLOGUE.to_vec();
        if let Some(text) = refers_to {
            let target = self.text(text);
            // lea disp(%rip), %rsi
            let disp = target as i64 - (start + 4 + 7) as i64;
            code.extend([0x48, 0x8d, 0x35]);
            code.extend((disp as i32).to_le_bytes());
        }
        code.resize(STEP as usize, 0x90);
        self.code.extend(code);
        start
    }

    fn read(self) -> SourceMap {
        let (file, segments) = self.file();
        SourceMap::read(&file, &segments)
    }

    fn file(self) -> (File, [Segment; 2]) {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&self.texts).expect("written");
        file.write_all(&self.code).expect("written");
        let texts = Segment {
            address: TEXTS,
            offset: 0,
            size: self.texts.len() as u64,
            executable: false,
        };
        let code = Segment {
            address: CODE,
            offset: texts.size,
            size: self.code.len() as u64,
            executable: true,
        };
        (file, [texts, code])
    }
}

fn path(source: Option<Source>) -> Option<String> {
    source.map(|source| source.path)
}

#[test]
fn finds_the_source_file_that_a_function_refers_to() {
    let mut built = Built::new();
    let heap = built.function(Some("../../engine/heap/Heap.cpp"));
    let other = built.function(None);
    let header = built.function(Some("engine/heap/Heap.h"));
    let sentence = built.function(Some("cannot read main.cpp"));
    let map = built.read();
    let of = |address| path(map.of(address));
    let expected = Some("engine/heap/Heap.cpp".to_owned());
    assert_eq!(of(heap), expected);
    assert_eq!(of(heap + STEP - 1), expected, "anywhere in it");
    for unknown in [other, header, sentence, CODE - 1, CODE + (1 << 20)] {
        assert_eq!(of(unknown), None);
    }
    let source = map.of(heap).expect("known");
    assert_eq!(source.neighbours, None);
}

#[test]
fn concludes_the_folder_of_a_function_between_neighbours() {
    let mut built = Built::new();
    for file in 0..30 {
        built.function(Some(&format!("engine/heap/{file}.cpp")));
    }
    let inside = built.function(None);
    built.function(Some("engine/heap/Last.cpp"));
    let between = built.function(None);
    built.function(Some("engine/parser/First.cpp"));
    let map = built.read();
    let source = map.of(inside).expect("concluded");
    assert_eq!(source.path, "engine/heap/");
    let neighbours = source.neighbours.expect("not its own");
    assert_eq!((neighbours.right, neighbours.tried), (29, 29));
    assert_eq!(path(map.of(between)).as_deref(), Some("engine/"));
}

#[test]
fn concludes_the_file_of_a_function_between_two_of_one_file() {
    let mut built = Built::new();
    for _ in 0..30 {
        built.function(Some("engine/runtime/Parser.cpp"));
    }
    let inside = built.function(None);
    built.function(Some("engine/runtime/Parser.cpp"));
    for file in 0..30 {
        built.function(Some(&format!("engine/runtime/{file}.cpp")));
    }
    let between = built.function(None);
    built.function(Some("engine/runtime/Last.cpp"));
    let map = built.read();
    let source = map.of(inside).expect("concluded");
    assert_eq!(source.path, "engine/runtime/Parser.cpp");
    let neighbours = source.neighbours.expect("not its own");
    assert_eq!((neighbours.right, neighbours.tried), (29, 29));
    assert_eq!(path(map.of(between)).as_deref(), Some("engine/runtime/"));
}

#[test]
fn concludes_nothing_where_neighbours_are_often_wrong() {
    let mut built = Built::new();
    for file in 0..40 {
        let folder = if file % 4 == 2 { "net" } else { "heap" };
        built.function(Some(&format!("{folder}/{file}.cpp")));
    }
    built.function(Some("heap/a.cpp"));
    let inside = built.function(None);
    built.function(Some("heap/b.cpp"));
    assert_eq!(built.read().of(inside), None);
}

#[test]
fn leaves_out_source_files_that_are_inlined_in_many_places() {
    let mut built = Built::new();
    let mut inlined = Vec::new();
    for _ in 0..3 {
        inlined.push(built.function(Some("engine/heap/Allocate.cpp")));
        for _ in 0..=REACH / STEP {
            built.function(None);
        }
    }
    let together = [(); 3].map(|()| built.function(Some("engine/heap/Heap.cpp")));
    let map = built.read();
    for function in inlined {
        assert_eq!(map.of(function), None);
    }
    for function in together {
        let path = path(map.of(function));
        assert_eq!(path.as_deref(), Some("engine/heap/Heap.cpp"));
    }
}

#[test]
fn concludes_nothing_from_few_or_far_neighbours() {
    let mut few = Built::new();
    few.function(Some("heap/a.cpp"));
    let inside = few.function(None);
    few.function(Some("heap/b.cpp"));
    assert_eq!(few.read().of(inside), None);

    let mut far = Built::new();
    for file in 0..30 {
        far.function(Some(&format!("heap/{file}.cpp")));
    }
    for _ in 0..=REACH / STEP {
        far.function(None);
    }
    let inside = far.function(None);
    far.function(Some("heap/b.cpp"));
    assert_eq!(far.read().of(inside), None);
}

#[test]
fn finds_texts_that_a_function_refers_to() {
    let mut built = Built::new();
    let message = built.function(Some("handler is not a function"));
    let other = built.function(Some("binary \u{1}\u{2} data"));
    let short = built.function(Some("GET"));
    let header = built.function(Some("/usr/include/c++/13/span"));
    let long = built.function(Some(&"x".repeat(400)));
    let (file, segments) = built.file();
    let map = SourceMap::read(&file, &segments);
    let texts = |address| {
        let range = map.range(address).expect("a function");
        let code = texts::code(&file, &segments, range);
        texts::texts(&file, &segments, (range.0, &code))
    };
    assert_eq!(texts(message), ["handler is not a function"]);
    for nothing in [other, short, header] {
        assert!(texts(nothing).is_empty());
    }
    assert_eq!(texts(long), ["x".repeat(120)]);
    assert_eq!(map.range(CODE - 1), None);
}

#[test]
fn reads_texts_across_the_end_of_a_piece() {
    let mut built = Built::new();
    // The text begins shortly before the first piece ends.
    built.texts.resize((1 << 20) - 8, 0);
    let start = built.function(Some("engine/heap/Heap.cpp"));
    assert_eq!(
        path(built.read().of(start)).as_deref(),
        Some("engine/heap/Heap.cpp")
    );
}
