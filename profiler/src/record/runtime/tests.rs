use super::*;
use object::write::{Object as Written, SectionKind, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SymbolFlags, SymbolKind, SymbolScope};
use std::path::PathBuf;

/// Writes an object file with one more section.
fn elf(dir: &Path, file: &str, section: &str, content: &[u8]) -> PathBuf {
    let mut object = Written::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let id = object.add_section(Vec::new(), section.into(), SectionKind::Data);
    object.append_section_data(id, content, 16);
    object.add_symbol(Symbol {
        name: b"start".to_vec(),
        value: 0,
        size: 1,
        kind: SymbolKind::Data,
        scope: SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(id),
        flags: SymbolFlags::None,
    });
    let path = dir.join(file);
    fs::write(&path, object.write().expect("an object file")).expect("written");
    path
}

#[test]
fn recognises_programs_by_content_whatever_their_name() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let dir = dir.path();
    let names = |name: &str| [b"\0libc.so.6\0", name.as_bytes(), b"\0"].concat();
    for (section, content, expected) in [
        (".go.buildinfo", b"any".to_vec(), Runtime::Go),
        (".bun", b"any".to_vec(), Runtime::Bun),
        (".dynstr", names("_ZN4node4Init"), Runtime::Node),
        (".dynstr", names("Py_BytesMain"), Runtime::Python),
        (".dynstr", names("libpython3.11.so.1.0"), Runtime::Python),
        (".dynstr", names("libjli.so"), Runtime::Java),
        (".dynstr", names("ruby_init"), Runtime::Ruby),
        (".dynstr", names("enif_alloc"), Runtime::Beam),
        (".dynstr", names("napi_create_array"), Runtime::Deno),
        (".dynstr", names("getpid"), Runtime::Unknown),
        (".data", b"any".to_vec(), Runtime::Unknown),
    ] {
        let path = elf(dir, "node", section, &content);
        assert_eq!(of_program(&path), expected, "{section}");
    }
    let both = names("napi_create_array\0_ZN4node4Init");
    assert_eq!(of_program(&elf(dir, "x", ".dynstr", &both)), Runtime::Node);
}

#[test]
fn recognises_nothing_in_other_files() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("python3");
    fs::write(&path, b"\x7fELF and then \xff Go buildinf: and more").expect("written");
    assert_eq!(of_program(&path), Runtime::Unknown);
    fs::write(&path, b"").expect("written");
    assert_eq!(of_program(&path), Runtime::Unknown);
    assert_eq!(of_program(dir.path()), Runtime::Unknown);
    assert_eq!(of_program(Path::new("/no/such/file")), Runtime::Unknown);
}

#[test]
fn follows_scripts_to_their_interpreter() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let dir = dir.path();
    let interpreter = elf(dir, "interpreter", ".dynstr", b"\0Py_BytesMain\0");
    let script = dir.join("server");
    let of_script = |first: String| {
        fs::write(&script, first).expect("written");
        of_program(&script)
    };
    let direct = format!("#!{} -u\nprint()\n", interpreter.display());
    assert_eq!(of_script(direct), Runtime::Python);
    let through_env = format!("#!/usr/bin/env -S A=1 {}\n", interpreter.display());
    assert_eq!(of_script(through_env), Runtime::Python);
    assert_eq!(of_script("#!\n".into()), Runtime::Unknown);
    assert_eq!(
        of_script(format!("#!{}\n", script.display())),
        Runtime::Unknown
    );
}

#[test]
fn finds_programs_as_the_shell_does() {
    let found = |command| program_of(command, "/no/such:/bin:/usr/bin".as_ref());
    assert!(found("sh").is_some_and(|path| path.ends_with("bin/sh")));
    assert_eq!(found("./server"), Some(PathBuf::from("./server")));
    assert_eq!(found("no-such-program"), None);
}

#[test]
fn recognises_libraries_that_a_process_has_mapped() {
    let found = |name: &str| content::of_libraries(&["libc.so.6".into(), name.into()]);
    assert_eq!(found("libjvm.so"), Some(Runtime::Java));
    assert_eq!(found("libpython3.12.so.1.0"), Some(Runtime::Python));
    assert_eq!(found("libphp8.2.so"), Some(Runtime::Php));
    assert_eq!(found("libm.so.6"), None);
}

#[test]
fn keeps_the_runtime_that_the_user_gave() {
    let mut watch = Watch::begin(std::process::id(), Some(Runtime::Ruby), None);
    watch.look_at_all(std::process::id(), []);
    assert_eq!(watch.runtime(), Runtime::Ruby);
}

#[test]
fn keeps_what_was_found_of_a_process_that_has_ended() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = elf(dir.path(), "x", ".bun", b"any");
    let nobody = u32::MAX >> 1;
    let mut watch = Watch::begin(nobody, None, Some(&program));
    watch.look(nobody);
    watch.look_at_all(nobody, [nobody]);
    assert_eq!(watch.runtime(), Runtime::Bun);
}

#[test]
fn looks_for_gc_threads_where_they_have_a_name() {
    assert_eq!(gc_thread_comm(Runtime::Bun).to_ne_bytes(), *b"HeapHelp");
    assert_eq!(gc_thread_comm(Runtime::Java).to_ne_bytes(), *b"GC Threa");
    assert_eq!(gc_thread_comm(Runtime::Go), 0);
}
