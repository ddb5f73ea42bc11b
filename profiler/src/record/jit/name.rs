//! Names of compiled functions, shortened for readers.

use crate::record::python::short;
use crate::record::symbols::LONGEST_NAME;
use crate::record::symbols::package::PYTHON;

/// Returns a name without the folders of sources, cut to a length that can be shown.
pub fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if let Some((function, path)) = python(&text) {
        let name = format!("{PYTHON}{function}:{path}");
        return name.chars().take(LONGEST_NAME).collect();
    }
    let words = text.split(' ').filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(without_folders).collect();
    words.join(" ").chars().take(LONGEST_NAME).collect()
}

/// Returns the function and the shortened path of a name of CPython's perf trampoline. The folder
/// of packages stays: it says which package the function belongs to.
fn python(text: &str) -> Option<(&str, &str)> {
    let (function, path) = text.strip_prefix(PYTHON)?.rsplit_once(':')?;
    let inside = short(path);
    let begin = path.len() - inside.len();
    let mut folder = ["site-packages/", "dist-packages/"].into_iter();
    let folder = folder.find(|folder| path[..begin].ends_with(folder));
    Some((function, &path[begin - folder.map_or(0, str::len)..]))
}

/// Returns `server.ts:12:3` of `file:///srv/app/server.ts:12:3`. The path inside a package stays.
fn without_folders(word: &str) -> &str {
    const PACKAGES: &str = "node_modules/";
    if let Some(at) = word.rfind(PACKAGES) {
        return &word[at..];
    }
    let is_path = word.starts_with('/') || word.contains(":///");
    match word.rsplit_once('/') {
        Some((_, file)) if is_path && !file.is_empty() => file,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_folders_from_names() {
        for (written, expected) in [
            ("JSC-FTL: hot#EqY6qN", "JSC-FTL: hot#EqY6qN"),
            ("JS:*hot /srv/app/t.js:1:13", "JS:*hot t.js:1:13"),
            ("JS:~baz file:///srv/t.js:2:48", "JS:~baz t.js:2:48"),
            (
                "JS:~afterWrite node:internal/streams/writable:701:20",
                "JS:~afterWrite node:internal/streams/writable:701:20",
            ),
            ("RegExp:a/b /", "RegExp:a/b /"),
            (
                "py::BaseModel.dump:/srv/venv/lib/python3.12/site-packages/pydantic/main.py",
                "py::BaseModel.dump:site-packages/pydantic/main.py",
            ),
            (
                "py::run:/usr/lib/python3.12/asyncio/runners.py",
                "py::run:lib/python3.12/asyncio/runners.py",
            ),
            ("py::answer:/srv/my app/server.py", "py::answer:server.py"),
            (
                "JS:*get file:///srv/node_modules/hono/dist/router.js:1:13",
                "JS:*get node_modules/hono/dist/router.js:1:13",
            ),
        ] {
            assert_eq!(readable(written.as_bytes()), expected);
        }
        assert_eq!(readable(b"\xff"), "\u{fffd}");
        assert_eq!(readable(&[b'x'; 5_000]).len(), LONGEST_NAME);
    }
}
