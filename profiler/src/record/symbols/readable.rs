//! Symbols as their languages write them.

/// Longest name kept, in characters: names of templates can have kilobytes.
pub const LONGEST_NAME: usize = 200;

/// Returns a symbol of Rust, C++ or C as its language writes it, without parameters and hashes.
pub fn readable(symbol: &str) -> String {
    let name = if let Ok(rust) = rustc_demangle::try_demangle(symbol) {
        format!("{rust:#}")
    } else {
        cpp(symbol).unwrap_or_else(|| symbol.to_owned())
    };
    shortened(&name)
}

fn cpp(symbol: &str) -> Option<String> {
    if !symbol.starts_with("_Z") {
        return None;
    }
    let parsed = cpp_demangle::Symbol::new(symbol).ok()?;
    let options = cpp_demangle::DemangleOptions::new()
        .no_params()
        .no_return_type();
    parsed.demangle_with_options(&options).ok()
}

/// Returns a symbol of Go as Go's own table of functions has it, so that a function has one name
/// whether or not its executable is stripped: with `[...]` for type arguments, and without the
/// mark of assembly's calling convention (cmd/link/internal/ld/pcln.go).
pub fn readable_go(symbol: &str) -> String {
    if symbol.starts_with("_Z") || symbol.starts_with("_R") {
        return readable(symbol);
    }
    let name = symbol.strip_suffix(".abi0").unwrap_or(symbol);
    let arguments = name.find('[').zip(name.rfind(']'));
    shortened(&match arguments {
        Some((from, to)) if from < to => format!("{}[...]{}", &name[..from], &name[to + 1..]),
        _ => name.to_owned(),
    })
}

/// Returns a name cut to a length that can be shown.
pub fn shortened(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demangles_symbols() {
        for (symbol, expected) in [
            (
                "_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE",
                "tokio::runtime::task::raw::poll",
            ),
            (
                "_ZN2v88internal4Heap14CollectGarbageENS0_15AllocationSpaceE",
                "v8::internal::Heap::CollectGarbage",
            ),
            ("runtime.scanobject", "runtime.scanobject"),
            ("_Znonsense", "_Znonsense"),
        ] {
            assert_eq!(readable(symbol), expected);
        }
        assert_eq!(readable(&"x".repeat(1_000)).len(), LONGEST_NAME);
    }

    #[test]
    fn names_functions_of_go_as_its_table_does() {
        for (symbol, expected) in [
            ("runtime.memmove.abi0", "runtime.memmove"),
            (
                "slices.pdqsortOrdered[go.shape.int]",
                "slices.pdqsortOrdered[...]",
            ),
            (
                "sync/atomic.(*Pointer[go.shape.struct { a [2]int }]).Load",
                "sync/atomic.(*Pointer[...]).Load",
            ),
            ("main.main.func1", "main.main.func1"),
            ("odd]name[", "odd]name["),
            ("_ZN3foo3barEv", "foo::bar"),
        ] {
            assert_eq!(readable_go(symbol), expected);
        }
    }
}
