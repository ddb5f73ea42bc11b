//! The words for metrics and distributions. A name without an entry is shown as it is.

use crate::clean::clean;

/// The metric the report is about first.
pub const CPU: &str = "cpu_ns_per_token";

const METRICS: [(&str, &str); 14] = [
    (CPU, "CPU per token"),
    ("cpu_ns_per_request", "CPU per request"),
    ("rss_bytes", "resident memory"),
    ("peak_rss_bytes", "peak resident memory"),
    ("switches_per_token", "context switches per token"),
    ("wakeups_per_token", "wake-ups per token"),
    ("syscalls_per_token", "system calls per token"),
    ("faults_per_token", "page faults per token"),
    ("ttft_ns", "time to first token"),
    ("itl_ns", "inter-token latency"),
    ("forwarding_ns", "forwarding, socket in to socket out"),
    ("run_queue_ns_per_token", "run-queue time per token"),
    ("cpu_percent", "CPU"),
    ("tokens_per_second", "tokens per second"),
];

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
    find(&METRICS, name)
}

/// A distribution in words.
pub fn distribution(name: &str) -> String {
    find(&DISTRIBUTIONS, name)
}

/// The same, as a heading.
pub fn heading(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn find(words: &[(&str, &str)], name: &str) -> String {
    let known = words.iter().find(|(key, _)| *key == name);
    known.map_or_else(
        || clean(&name.replace('_', " ")),
        |(_, text)| text.to_string(),
    )
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
