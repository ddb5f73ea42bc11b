//! Packages by the paths that package managers install them to.

use super::go_module_of;

/// Folders that hold one folder or file for each package.
const INSTALLED: [&str; 3] = ["site-packages/", "dist-packages/", "node_modules/"];
/// Deno's cache of npm packages: HOST/NAME/VERSION.
const DENO: &str = "/deno/npm/";
/// Cargo's sources: HOST/NAME-VERSION.
const CARGO: &str = "registry/src/";
/// Ruby's libraries: NAME-VERSION.
const GEMS: &str = "/gems/";
/// Go's module cache: MODULE@VERSION, with `!a` for `A`.
const GO_CACHE: &str = "pkg/mod/";
/// Modules that a Go program brings along.
const GO_VENDOR: &str = "/vendor/";

/// Returns the package that a path lies in; the innermost one, since packages have packages. The
/// path may stand at the end of a longer text.
pub(super) fn package(text: &str) -> Option<String> {
    let after = |folder: &str| Some(&text[text.rfind(folder)? + folder.len()..]);
    let installed = INSTALLED.iter().filter_map(|folder| after(folder));
    let installed = installed.map(|rest| (rest, installed_name(rest)));
    let others = [
        after(DENO).map(|rest| {
            (
                rest,
                installed_name(rest.split_once('/').map_or("", |(_, rest)| rest)),
            )
        }),
        after(CARGO).map(|rest| (rest, crate_name(rest))),
        after(GEMS).map(|rest| (rest, versioned(rest.split('/').next().unwrap_or_default()))),
        after(GO_CACHE).map(|rest| (rest, cached_module(rest))),
        after(GO_VENDOR).map(|rest| (rest, vendored_module(rest))),
    ];
    let found = installed.chain(others.into_iter().flatten());
    let known = found.filter_map(|(rest, name)| Some((rest.len(), name?)));
    let (_, name) = known.min_by_key(|(length, _)| *length)?;
    let is_name = |letter: char| letter.is_alphanumeric() || "@/_-.+~".contains(letter);
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

/// Returns the name of a package of Python or npm.
fn installed_name(rest: &str) -> Option<String> {
    // Packages of pnpm lie in folders named `.pnpm`, executables in `.bin`.
    if rest.starts_with('.') {
        return None;
    }
    let elements = if rest.starts_with('@') { 2 } else { 1 };
    let end = rest.match_indices('/').nth(elements - 1);
    let Some((end, _)) = end else {
        // A module of one file, such as `orjson.cpython-312-x86_64-linux-gnu.so`.
        return rest.split('.').next().map(str::to_owned);
    };
    let name = &rest[..end];
    // Libraries that a wheel brings along.
    if let Some(name) = name.strip_suffix(".libs") {
        return Some(name.into());
    }
    // An egg, which may be a zip archive: `NAME-VERSION-py3.8.egg`.
    if let Some(egg) = name.strip_suffix(".egg") {
        return versioned(egg);
    }
    (name != "__pycache__").then(|| name.into())
}

/// Returns the crate of `HOST/NAME-VERSION/src/lib.rs`.
fn crate_name(rest: &str) -> Option<String> {
    versioned(rest.split('/').nth(1)?)
}

/// Returns the name before a version: `serde-json` of `serde-json-1.0.1`.
fn versioned(text: &str) -> Option<String> {
    let mut dashes = text.match_indices('-');
    let version =
        dashes.find(|(at, _)| text[at + 1..].starts_with(|first: char| first.is_ascii_digit()));
    let end = version.map_or(text.len(), |(at, _)| at);
    (end > 0).then(|| text[..end].to_owned())
}

/// Returns the module of `github.com/!burnt!sushi/toml@v1.4.0/decode.go`.
fn cached_module(rest: &str) -> Option<String> {
    let (path, _) = rest.split_once('@')?;
    let mut name = String::new();
    let mut upper = false;
    for letter in path.chars() {
        match (letter, upper) {
            ('!', _) => upper = true,
            (letter, true) => {
                name.extend(letter.to_uppercase());
                upper = false;
            }
            (letter, false) => name.push(letter),
        }
    }
    Some(name)
}

fn vendored_module(rest: &str) -> Option<String> {
    let (folder, _) = rest.rsplit_once('/')?;
    let host = folder.split('/').next()?;
    let module = host.contains('.').then(|| go_module_of(folder));
    module.flatten().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_packages_where_their_managers_install_them() {
        for (path, expected) in [
            // Python: a virtual environment, Debian, native extensions, libraries of wheels, eggs.
            (
                "/srv/.venv/lib/python3.12/site-packages/pydantic/main.py",
                "pydantic",
            ),
            ("/usr/lib/python3/dist-packages/yaml/__init__.py", "yaml"),
            (
                "/v/site-packages/pydantic_core/_pydantic_core.cpython-312-x86_64-linux-gnu.so",
                "pydantic_core",
            ),
            (
                "/v/site-packages/orjson.cpython-312-x86_64-linux-gnu.so",
                "orjson",
            ),
            ("/v/site-packages/_cffi_backend.abi3.so", "_cffi_backend"),
            (
                "/v/site-packages/numpy.libs/libopenblas64_p-r0-5007b62f.3.23.so",
                "numpy",
            ),
            (
                "/v/site-packages/simple-1.0-py3.8.egg/simple/core.py",
                "simple",
            ),
            ("/v/site-packages/plain.egg/plain/core.py", "plain"),
            ("/v/site-packages/six.py", "six"),
            // npm, pnpm, yarn, Deno.
            ("/srv/node_modules/zod/lib/types.js:12:3", "zod"),
            ("/srv/node_modules/@scope/name/index.js", "@scope/name"),
            (
                "/srv/node_modules/.pnpm/x@1.2.3/node_modules/x/index.js",
                "x",
            ),
            (
                "/srv/node_modules/.pnpm/@a+b@1.0.0_c@2/node_modules/@a/b/i.js",
                "@a/b",
            ),
            ("/srv/node_modules/a/node_modules/b/index.js", "b"),
            (
                "/srv/.yarn/cache/zod-npm-3.2.1-ab.zip/node_modules/zod/index.js",
                "zod",
            ),
            (
                "/home/u/.cache/deno/npm/host/zod/3.23.8/lib/index.js",
                "zod",
            ),
            // Go: the module cache and vendored modules.
            (
                "/home/u/go/pkg/mod/github.com/!burnt!sushi/toml@v1.4.0/decode.go",
                "github.com/BurntSushi/toml",
            ),
            (
                "/home/u/go/pkg/mod/github.com/!a/b@v1/c.go",
                "github.com/A/b",
            ),
            (
                "/home/u/go/pkg/mod/golang.org/x/net@v0.30.0/http2/frame.go",
                "golang.org/x/net",
            ),
            ("/srv/app/vendor/github.com/a/b/c/d.go", "github.com/a/b"),
            // Rust and Ruby.
            (
                "/home/u/.cargo/registry/src/host-6f17d22bba15001f/serde-json-1.0.1/src/de.rs",
                "serde-json",
            ),
            (
                "/home/u/.cargo/registry/src/h/tokio-1.41.0-rc.1/src/lib.rs",
                "tokio",
            ),
            (
                "/usr/lib/ruby/gems/3.1.0/gems/rack-session-2.0.0/lib/rack.rb",
                "rack-session",
            ),
        ] {
            assert_eq!(package(path).as_deref(), Some(expected), "{path}");
        }
    }

    #[test]
    fn finds_no_package_elsewhere() {
        for path in [
            "",
            "/usr/bin/node",
            "/srv/app/server.py",
            "/usr/lib/python3.12/asyncio/base_events.py",
            "/x/site-packages/",
            "/x/node_modules/.bin/vite",
            "/x/node_modules/\u{1b}[2J/x",
            "/x/site-packages/<b>/x.py",
            "/srv/vendor/assets/logo.svg",
            "/srv/registry/src/",
            "/home/u/go/pkg/mod/cache",
        ] {
            assert_eq!(package(path), None, "{path}");
        }
    }
}
