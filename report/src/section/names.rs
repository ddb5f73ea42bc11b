//! The words for distributions. A name without an entry is shown as it is.

use crate::clean::clean;

const DISTRIBUTIONS: [(&str, &str); 10] = [
    ("run_queue", "Run-queue latency (runnable until on a CPU)"),
    ("off_cpu", "Off-CPU time (asleep or blocked)"),
    ("wakeup_to_run", "Wake-up until on a CPU"),
    ("arrival_to_recv", "Arrival in the socket until received"),
    ("recv_to_send", "Receive until the send that it caused"),
    ("proxy_latency", "Proxy latency (socket in to socket out)"),
    ("connect", "Handshake of connections that the target opens"),
    ("dns", "Name server: from a query to its answer"),
    (
        "upstream",
        "Upstream: from a request to the first byte of its answer",
    ),
    ("send_to_wire", "Send call until on the wire"),
];

/// Returns the title of a distribution.
pub fn distribution(name: &str) -> String {
    let known = DISTRIBUTIONS.iter().find(|(key, _)| *key == name);
    known.map_or_else(
        || clean(&name.replace('_', " ")),
        |(_, text)| (*text).into(),
    )
}

/// Returns the text with a capital letter at its start.
pub fn heading(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_unknown_names() {
        assert_eq!(distribution("new_thing"), "new thing");
        assert_eq!(distribution("a\x1b[2J"), "a\u{fffd}[2J");
    }

    #[test]
    fn capitalizes_the_first_letter() {
        assert_eq!(heading("resident memory"), "Resident memory");
        assert_eq!(heading(""), "");
    }
}
