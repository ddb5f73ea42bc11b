//! Facts about a runtime that the recorder needs before it attaches.

use profiler_common::Pairing;
use recording::vocabulary::Runtime;
use std::fs;
use std::path::Path;

/// Guesses the runtime family of an executable: Go marks its executables, others are recognised by
/// the name of the file.
pub fn guess(executable: &Path) -> Runtime {
    let name = executable.file_name().unwrap_or_default();
    let name = name.to_string_lossy().to_lowercase();
    let by_name = [Runtime::Bun, Runtime::Node, Runtime::Deno, Runtime::Python];
    let mut known = by_name.into_iter();
    match known.find(|runtime| name.starts_with(runtime.name())) {
        Some(runtime) => runtime,
        None if has_go_build_info(executable) => Runtime::Go,
        None => Runtime::Unknown,
    }
}

/// Returns whether Go's linker wrote its mark at the start of a data section, as Go's package
/// `debug/buildinfo` looks for it.
fn has_go_build_info(executable: &Path) -> bool {
    const MARK: &[u8] = b"\xff Go buildinf:";
    const LIMIT: u64 = 256 << 20;
    let small = fs::metadata(executable).is_ok_and(|file| file.is_file() && file.len() < LIMIT);
    small
        && fs::read(executable)
            .is_ok_and(|bytes| bytes.windows(MARK.len()).any(|window| window == MARK))
}

/// Returns how receives of a runtime are paired with the sends that they cause.
pub fn pairing(runtime: Runtime) -> Pairing {
    match runtime {
        // Register r14 holds the goroutine on x86-64 only.
        Runtime::Go if cfg!(target_arch = "x86_64") => Pairing::Goroutine,
        Runtime::Bun | Runtime::Node | Runtime::Deno | Runtime::Python => Pairing::Fifo,
        _ => Pairing::Pool,
    }
}

/// Returns the first eight bytes of the name of the runtime's garbage collection threads, as a
/// number in the byte order of the host; 0 where they have no name of their own.
pub fn gc_thread_comm(runtime: Runtime) -> u64 {
    match runtime {
        // `HeapHelper` of JavaScriptCore.
        Runtime::Bun => u64::from_ne_bytes(*b"HeapHelp"),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_runtimes_by_the_name_of_the_file() {
        let guess = |path: &str| guess(Path::new(path));
        assert_eq!(guess("/opt/bun-1.4/bun"), Runtime::Bun);
        assert_eq!(guess("/usr/bin/python3.11"), Runtime::Python);
        assert_eq!(guess("/no/such/file"), Runtime::Unknown);
    }

    #[test]
    fn recognises_executables_of_go_by_their_mark() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("server");
        fs::write(&path, b"\x7fELF and then \xff Go buildinf: and more").expect("written");
        assert_eq!(guess(&path), Runtime::Go);
        fs::write(&path, b"\x7fELF Go buildinf: without the mark").expect("written");
        assert_eq!(guess(&path), Runtime::Unknown);
    }

    #[test]
    fn looks_for_gc_threads_where_they_have_a_name() {
        assert_eq!(gc_thread_comm(Runtime::Bun).to_ne_bytes(), *b"HeapHelp");
        assert_eq!(gc_thread_comm(Runtime::Go), 0);
    }
}
