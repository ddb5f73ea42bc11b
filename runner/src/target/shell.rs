//! The command line for `sh`.

/// Values for the placeholders of a command.
pub(super) struct Values<'a> {
    /// Port that the server listens on.
    pub port: u16,
    /// Base URL of the model.
    pub upstream: &'a str,
}

/// Returns the script for `sh -c SCRIPT sh ARG…` that runs `command` with the variant's arguments.
///
/// Arguments are positional parameters, so nothing needs quoting.
pub(super) fn script(command: &str, values: &Values) -> String {
    let filled = command
        .replace("{port}", &values.port.to_string())
        .replace("{upstream}", values.upstream);
    let filled = match filled.contains("{args}") {
        true => filled.replace("{args}", "\"$@\""),
        false => format!("{} \"$@\"", filled.trim_end()),
    };
    // With exec the shell becomes the server, and its process id the server's.
    if is_simple(command) {
        format!("exec {}", filled.trim_start())
    } else {
        filled
    }
}

/// Whether `command` is one program with its arguments, so that `exec` may precede it.
fn is_simple(command: &str) -> bool {
    let joined = command.trim().contains(|c| ";&|()<>`\n#".contains(c));
    let first = command.split_whitespace().next().unwrap_or_default();
    let reserved = [
        "exec", "cd", "if", "for", "while", "until", "case", "{", "!", "export", "set", "unset",
        ".", "ulimit",
    ];
    !joined && !first.contains('=') && !reserved.contains(&first)
}

/// Whether `url` is safe in a command: it comes from a command line or a stub's output.
pub(super) fn is_plain_url(url: &str) -> bool {
    let rest = url.strip_prefix("http://").unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/[]".contains(c);
    rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') && rest.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::{Values, is_plain_url, script};
    use proptest::prelude::*;

    fn of(command: &str) -> String {
        script(
            command,
            &Values {
                port: 80,
                upstream: "http://127.0.0.1:9",
            },
        )
    }

    #[test]
    fn replaces_the_shell_by_a_single_program() {
        assert_eq!(
            of("./server --port {port}"),
            "exec ./server --port 80 \"$@\""
        );
        assert_eq!(
            of("bun {args} server.ts {upstream}"),
            "exec bun \"$@\" server.ts http://127.0.0.1:9"
        );
    }

    #[test]
    fn keeps_scripts_unchanged() {
        for command in [
            "cd a && ./b",
            "exec ./b",
            "A=1 ./b",
            "./b | tee c",
            "(./b)",
            "./a\n./b",
        ] {
            assert_eq!(of(command), format!("{command} \"$@\""));
        }
    }

    #[test]
    fn rejects_urls_that_are_not_plain() {
        assert!(
            [
                "http://127.0.0.1:1",
                "http://[::1]:1/v1",
                "http://model.local"
            ]
            .into_iter()
            .all(is_plain_url)
        );
        assert!(
            ![
                "",
                "http://",
                "https://a",
                "http://a;b",
                "http://$(a)",
                "http:///a",
                "a"
            ]
            .into_iter()
            .any(is_plain_url)
        );
    }

    proptest! {
        #[test]
        fn accepts_only_urls_without_shell_syntax(url in "http://\\PC{0,20}") {
            if is_plain_url(&url) {
                prop_assert!(!url.contains(|c: char| " ;&|$`'\"<>()*?!#~\\".contains(c)));
            }
        }
    }
}
