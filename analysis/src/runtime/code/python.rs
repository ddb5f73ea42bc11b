//! Python: the interpreter's loop runs the program; extension modules are known by their files,
//! which are stripped.

use super::{Rule, anywhere, first};
use recording::vocabulary::CodeCategory::{
    self, Allocation, Application, EventLoop, Gc, Http, Json, Parsing, Regex, Runtime, Text,
    Unnamed,
};

const FILES: [Rule; 4] = [
    (Json, &["_json.cpython", "orjson"]),
    (Http, &["parser.cpython"]),
    (EventLoop, &["loop.cpython", "libuv", "select.cpython"]),
    (Parsing, &["_pydantic_core", "url_parser.cpython"]),
];

const FUNCTIONS: [Rule; 6] = [
    (Regex, &["sre_", "SRE("]),
    (
        Application,
        &[
            "PyEval_",
            "_PyFunction_",
            "_PyObject_Call",
            "PyObject_Vectorcall",
            "method_vectorcall",
        ],
    ),
    (
        Gc,
        &["gc_collect", "PyGC_", "_PyGC_", "subtract_refs", "visit_"],
    ),
    (
        Allocation,
        &[
            "PyObject_Malloc",
            "PyObject_Free",
            "PyObject_GC_New",
            "PyMem_",
            "_PyObject_Malloc",
            "pymalloc",
            "PyObject_GC_Del",
        ],
    ),
    (Text, &["PyUnicode_", "unicode_", "_PyUnicode"]),
    (Runtime, &["Py", "_Py"]),
];

/// Returns the category of a function.
pub(super) fn category(function: &str, file: &str) -> CodeCategory {
    let by_file = first(&FILES, file);
    let by_name = || anywhere(&FUNCTIONS, function);
    let known = by_file.or_else(by_name);
    // A symbol names it, in a library of the program.
    known.unwrap_or(if function.is_empty() {
        Unnamed
    } else {
        Application
    })
}
