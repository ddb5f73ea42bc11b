//! The words for metrics and distributions. A name without an entry is shown as it is.

use crate::clean::clean;

/// The metric the report is about first.
pub const CPU: &str = "cpu_ns_per_token";

const DISTRIBUTIONS: [(&str, &str); 7] = [
    ("run_queue", "Run queue: runnable until running"),
    ("off_cpu", "Off-CPU: asleep or blocked, each time"),
    ("wakeup_to_run", "Wake-up until running"),
    ("arrival_to_recv", "Arrival at the socket until received"),
    ("recv_to_send", "Receive until the send it caused"),
    ("forwarding", "Forwarding: arrival until sent on"),
    ("send_to_wire", "Send call until on the wire"),
];

/// A metric in words.
pub fn metric(name: &str) -> String {
    analysis::metrics::by_name(name).map_or_else(|| words(name), |known| known.title.to_string())
}

/// A distribution in words.
pub fn distribution(name: &str) -> String {
    let known = DISTRIBUTIONS.iter().find(|(key, _)| *key == name);
    known.map_or_else(|| words(name), |(_, text)| text.to_string())
}

/// The same, as a heading.
pub fn heading(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn words(name: &str) -> String {
    clean(&name.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_names_are_shown_safely() {
        assert_eq!(metric("new_thing_ns"), "new thing ns");
        assert_eq!(metric("a\x1b[2J"), "a\u{fffd}[2J");
        assert_eq!(heading("resident memory"), "Resident memory");
        assert_eq!(heading(""), "");
    }
}
