//! Places of fields in the structures of CPython (Include/internal/pycore_frame.h and
//! pycore_interp.h, Include/cpython/pystate.h and code.h, Include/cpython/unicodeobject.h).
//!
//! They are the same in all releases of a minor version on a 64-bit machine. From 3.13 on the
//! process has a table of them (`_Py_DebugOffsets`), whose own form is that of its version.

use super::process_memory::ProcessMemory;

/// Begins `_PyRuntime` from 3.13 on.
const COOKIE: u64 = u64::from_le_bytes(*b"xdebugpy");

/// Offsets of fields, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// First interpreter, in `_PyRuntime`.
    pub interpreters: u64,
    /// Next interpreter, in an interpreter.
    pub next_interpreter: u64,
    /// First thread, in an interpreter.
    pub threads: u64,
    /// Next thread, in a thread.
    pub next_thread: u64,
    /// Thread id of the kernel, in a thread.
    pub native_id: u64,
    /// Pointer to what holds the innermost frame, in a thread; 0 where the thread itself does.
    pub holder: u32,
    /// Innermost frame, in its holder.
    pub frame: u32,
    /// Code object, in a frame.
    pub code: u32,
    /// Next outer frame, in a frame.
    pub previous: u32,
    /// Mark of the outermost frame of a call of the interpreter, in a frame; 0 without one.
    pub entry: u32,
    /// File name, in a code object.
    pub filename: u64,
    /// Qualified name, in a code object.
    pub qualname: u64,
    /// Characters of a text of ASCII, in a text.
    pub ascii: u64,
    /// Characters of another text, in a text.
    pub compact: u64,
}

/// CPython 3.11.
const V3_11: Layout = Layout {
    interpreters: 40,
    next_interpreter: 0,
    threads: 16,
    next_thread: 8,
    native_id: 160,
    holder: 56,
    frame: 8,
    code: 32,
    previous: 48,
    entry: 68,
    filename: 112,
    qualname: 128,
    ascii: 48,
    compact: 72,
};

/// CPython 3.12.
const V3_12: Layout = Layout {
    threads: 72,
    native_id: 144,
    frame: 0,
    code: 0,
    previous: 8,
    entry: 0,
    ascii: 40,
    compact: 56,
    ..V3_11
};

/// Words of `_Py_DebugOffsets` of 3.13.
#[derive(Clone, Copy)]
enum Word {
    FreeThreaded = 2,
    Interpreters = 5,
    NextInterpreter = 8,
    Threads = 9,
    NextThread = 21,
    CurrentFrame = 23,
    NativeId = 25,
    Previous = 29,
    Executable = 30,
    Filename = 35,
    Qualname = 37,
}

/// Largest offset that is believed.
const LARGEST: u64 = 1 << 20;

impl Layout {
    /// Returns the layout of a version (`PY_VERSION_HEX`) whose `_PyRuntime` lies at an address;
    /// `None` for a version that is not known.
    pub fn of(version: u64, runtime: u64, memory: &ProcessMemory) -> Option<Self> {
        match version >> 16 {
            0x030b => Some(V3_11),
            0x030c => Some(V3_12),
            0x030d => Self::from_table(|word| memory.word(runtime + 8 * word)),
            _ => None,
        }
    }

    /// Reads the table of 3.13. A build without the global lock has other objects.
    fn from_table(word: impl Fn(u64) -> Option<u64>) -> Option<Self> {
        let is_known = word(0)? == COOKIE && word(Word::FreeThreaded as u64)? == 0;
        let offset = |at: Word| word(at as u64).filter(|offset| *offset < LARGEST);
        let small = |at| offset(at).map(|offset| offset as u32);
        let layout = Layout {
            interpreters: offset(Word::Interpreters)?,
            next_interpreter: offset(Word::NextInterpreter)?,
            threads: offset(Word::Threads)?,
            next_thread: offset(Word::NextThread)?,
            native_id: offset(Word::NativeId)?,
            holder: 0,
            frame: small(Word::CurrentFrame)?,
            code: small(Word::Executable)?,
            previous: small(Word::Previous)?,
            filename: offset(Word::Filename)?,
            qualname: offset(Word::Qualname)?,
            ..V3_12
        };
        is_known.then_some(layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of CPython 3.13.0, as far as it is read.
    fn word(at: u64) -> Option<u64> {
        Some(match at {
            0 => COOKIE,
            5 => 632,
            8 => 7_264,
            9 => 7_344,
            21 => 8,
            23 => 72,
            25 => 160,
            29 => 8,
            35 => 112,
            37 => 128,
            _ => 0,
        })
    }

    #[test]
    fn reads_the_table_of_the_process() {
        let layout = Layout::from_table(word).expect("it is whole");
        assert_eq!(
            (layout.interpreters, layout.native_id, layout.frame),
            (632, 160, 72)
        );
        assert_eq!(
            (layout.filename, layout.qualname, layout.holder),
            (112, 128, 0)
        );
    }

    #[test]
    fn rejects_tables_of_other_builds() {
        let with = |place: u64, value: u64| {
            Layout::from_table(move |at| if at == place { Some(value) } else { word(at) })
        };
        assert_eq!(with(0, 7), None, "no table");
        assert_eq!(with(Word::FreeThreaded as u64, 1), None);
        assert_eq!(with(Word::NativeId as u64, u64::MAX), None);
        assert_eq!(Layout::from_table(|_| None), None, "the process has ended");
    }

    #[test]
    fn knows_versions_by_their_number() {
        let memory = ProcessMemory::of(std::process::id()).expect("this process");
        let of = |version| Layout::of(version, 0, &memory);
        assert_eq!(
            (of(0x030b_07f0), of(0x030c_01f0)),
            (Some(V3_11), Some(V3_12))
        );
        assert_eq!(of(0x030a_0df0), None);
        assert_eq!(of(0x030e_00f0), None);
    }
}
