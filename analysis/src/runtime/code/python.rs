//! Python: the interpreter's loop runs the program; extension modules are known by their files, which are stripped.

use super::{
    ALLOCATING, APPLICATION, COLLECTING, LOOPING, PARSING, RUNTIME, UNKNOWN, anywhere, first,
};

const FILES: [(&str, &[&str]); 2] = [
    (LOOPING, &["loop.cpython", "libuv", "select.cpython"]),
    (
        PARSING,
        &[
            "parser.cpython",
            "_json.cpython",
            "_pydantic_core",
            "url_parser.cpython",
            "orjson",
        ],
    ),
];

const FUNCTIONS: [(&str, &[&str]); 5] = [
    (
        APPLICATION,
        &[
            "PyEval_",
            "_PyFunction_",
            "_PyObject_Call",
            "PyObject_Vectorcall",
            "method_vectorcall",
        ],
    ),
    (
        COLLECTING,
        &["gc_collect", "PyGC_", "_PyGC_", "subtract_refs", "visit_"],
    ),
    (
        ALLOCATING,
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
    (PARSING, &["PyUnicode_", "unicode_", "_PyUnicode"]),
    (RUNTIME, &["Py", "_Py"]),
];

/// What a function of a Python process does.
pub(super) fn doing(function: &str, file: &str) -> &'static str {
    let by_file = first(&FILES, file);
    let by_name = || anywhere(&FUNCTIONS, function);
    by_file.or_else(by_name).unwrap_or(UNKNOWN)
}
