use super::*;
use proptest::prelude::*;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use std::fs;
use std::io::Write;
use std::path::Path;

/// Makes a jar file with these entries, uncompressed.
fn jar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, content) in entries {
        let entry = archive.new_file(*name);
        let entry = entry.compression_method(CompressionMethod::STORE);
        let (mut entry, config) = entry.start().expect("begun");
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content).expect("written");
        let (_, descriptor) = writer.finish().expect("finished");
        entry.finish(descriptor).expect("finished");
    }
    archive.finish().expect("finished");
    bytes
}

/// Makes an image with one resource: module, folder, name and kind.
fn image(module: &str, parent: &str, base: &str, extension: &str) -> Vec<u8> {
    let (mut attributes, mut texts) = (Vec::new(), vec![0]);
    for (kind, text) in (1u8..).zip([module, parent, base, extension]) {
        attributes.push(kind << 3 | 1);
        attributes.extend((texts.len() as u16).to_be_bytes());
        texts.extend(text.as_bytes());
        texts.push(0);
    }
    // The size of its contents, and the end.
    attributes.extend([7 << 3, 99, 0]);
    let sizes = [1, attributes.len() as u32, texts.len() as u32];
    let header = [0xcafe_dada, 1 << 16, 0, 1].into_iter().chain(sizes);
    let (hash, place) = (0, 0);
    let words = header.chain([hash, place]);
    let words = words.flat_map(|word: u32| word.to_ne_bytes());
    words.chain(attributes).chain(texts).collect()
}

fn wanted(classes: &[&str]) -> Search {
    Search::of(classes.iter().map(|class| (*class).to_owned()).collect())
}

fn file(bytes: &[u8]) -> fs::File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

fn found(search: &Search) -> Vec<(&str, &str)> {
    let found = search.found.iter();
    found
        .map(|(class, package)| (&**class, &**package))
        .collect()
}

#[test]
fn finds_the_jar_of_each_class_also_inside_of_jars() {
    let inner = jar(&[("org/b/Inner.class", b"")]);
    let outer = jar(&[
        ("META-INF/MANIFEST.MF", b"Main-Class: org.a.Main"),
        ("org/a/Main.class", b"code"),
        ("org/a/Other.class", b"code"),
        ("BOOT-INF/lib/inner-lib-1.2.3.jar", &inner),
        ("BOOT-INF/lib/broken-1.jar", &inner[..inner.len() / 2]),
        ("../../etc/passwd.class", b""),
    ]);
    let mut search = wanted(&["org/a/Main", "org/b/Inner", "org/a/Missing"]);
    jar::read(&file(&outer), Path::new("/srv/app-7.jar"), &mut search).expect("read");
    let both = [("org/a/Main", "app"), ("org/b/Inner", "inner-lib")];
    assert_eq!(found(&search), both);
    assert!(!search.is_done());
}

#[test]
fn finds_the_module_of_a_class() {
    let mut search = wanted(&["java/lang/String"]);
    let bytes = image("java.base", "java/lang", "String", "class");
    image::read(&file(&bytes), &mut search).expect("read");
    assert_eq!(found(&search), [("java/lang/String", "java.base")]);
    for other in [
        image("", "java/lang", "String", "class"),
        image("java.base", "java/lang", "String", "txt"),
    ] {
        let mut search = wanted(&["java/lang/String"]);
        image::read(&file(&other), &mut search).expect("read");
        assert_eq!(found(&search), []);
    }
}

#[test]
fn rejects_archives_that_would_fill_memory() {
    // Tables of 4 GiB each.
    let mut header = [0xcafe_dada_u32, 1 << 16, 0, 1].map(u32::to_ne_bytes);
    header[3] = [0xff; 4];
    let mut bytes = header.concat();
    bytes.extend([0xff; 12]);
    let large = file(&bytes);
    large.set_len(1 << 40).expect("sparse");
    let mut search = wanted(&["a/B"]);
    let refused = image::read(&large, &mut search).expect_err("too long");
    assert!(refused.to_string().contains("too long"), "{refused}");
    // A file of the size of a terabyte without a table.
    assert!(jar::read(&large, Path::new("x.jar"), &mut search).is_err());
    assert!(search.left.get() > MOST_READ - (16 << 20));
    // More than may be read.
    search.left.set(10);
    let whole = file(&jar(&[("a/B.class", b"")]));
    let refused = jar::read(&whole, Path::new("x.jar"), &mut search).expect_err("too much");
    assert!(refused.to_string().contains("too large"), "{refused}");
    assert_eq!(found(&search), []);
}

proptest! {
    #[test]
    fn reads_or_rejects_any_bytes(
        change in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
        cut in 0usize..60,
    ) {
        let inner = jar(&[("org/b/Inner.class", b"")]);
        let whole = jar(&[("org/a/Main.class", b""), ("lib/inner.jar", &inner)]);
        for mut bytes in [whole, image("java.base", "java/lang", "String", "class")] {
            for (at, byte) in &change {
                let length = bytes.len();
                bytes[at % length] = *byte;
            }
            bytes.truncate(bytes.len() - cut.min(bytes.len()));
            let file = file(&bytes);
            let mut search = wanted(&["org/a/Main", "org/b/Inner", "java/lang/String"]);
            let _ = jar::read(&file, Path::new("x.jar"), &mut search);
            let _ = image::read(&file, &mut search);
        }
    }
}
