//! Limits beyond which the load generator was the bottleneck and the run is invalid.
//!
//! A limit needs evidence: a short run with few timers and requests exceeds a percentile by chance.

use crate::clock::{MILLISECOND, SECOND};
use recording::load::Client;

/// Highest share of its threads' time that it may use.
const CPU_SHARE: f64 = 0.9;
/// Shortest run whose CPU share is judged: starting up uses a CPU as well.
const CPU_WINDOW_NS: u64 = SECOND;
/// Highest delay of its timers (99th percentile). A millisecond of it is tokio's resolution.
const SCHEDULING_DELAY_NS: u64 = LATE_TIMER_NS;
/// Number of late timers that are evidence.
const LATE_TIMERS: u64 = 5;
/// Lowest share of the requested rate that it must reach (open loop).
const RATE_SHARE: f64 = 0.95;
/// Number of missing requests that are evidence.
const MISSING_REQUESTS: f64 = 5.0;

/// Delay of a request in an open loop that counts as late.
pub const LATE_START_NS: u64 = 10 * MILLISECOND;
/// Delay of a timer that counts as late.
pub const LATE_TIMER_NS: u64 = 10 * MILLISECOND;

/// Returns the limits that were exceeded, as sentences. `elapsed_ns` is the length of the whole
/// run,
/// `offered_ns` the time for which load was offered.
pub fn reasons(client: &Client, threads: usize, elapsed_ns: u64, offered_ns: u64) -> Vec<String> {
    let mut reasons = Vec::new();
    if client.out_of_resources > 0 {
        reasons.push(format!(
            "{} requests had no file descriptor or local port on this host: raise the limit (ulimit -n), \
             or lower --max-streams",
            client.out_of_resources
        ));
    }
    let cpu = client.cpu_ns as f64 / (elapsed_ns.max(1) as f64 * threads as f64);
    if elapsed_ns >= CPU_WINDOW_NS && cpu > CPU_SHARE {
        reasons.push(format!(
            "it used {:.0} % of its {threads} thread(s), the limit is {:.0} %: give it more --threads or another machine",
            cpu * 100.0,
            CPU_SHARE * 100.0
        ));
    }
    let delay = client.scheduling_delay_p99_ns;
    if delay > SCHEDULING_DELAY_NS && client.late_timers >= LATE_TIMERS {
        reasons.push(format!(
            "its timers fired {:.1} ms late (p99), the limit is {} ms: give it a CPU that nothing else uses",
            delay as f64 / MILLISECOND as f64,
            SCHEDULING_DELAY_NS / MILLISECOND
        ));
    }
    let missing = client.requested_rate - client.achieved_rate;
    let missing_requests = missing * offered_ns as f64 / SECOND as f64;
    if missing > (1.0 - RATE_SHARE) * client.requested_rate && missing_requests >= MISSING_REQUESTS
    {
        reasons.push(format!(
            "it began {:.1} requests/s of {:.1} that were due",
            client.achieved_rate, client.requested_rate
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(elapsed_ns: u64, change: impl FnOnce(&mut Client)) -> Vec<String> {
        let mut client = Client {
            cpu_ns: elapsed_ns / 2,
            ..Client::default()
        };
        change(&mut client);
        reasons(&client, 1, elapsed_ns, elapsed_ns)
    }

    #[test]
    fn accepts_a_client_with_spare_capacity() {
        assert!(of(SECOND, |_| {}).is_empty());
        assert!(of(SECOND, |client| client.achieved_rate = 100.0).is_empty());
    }

    #[test]
    fn names_each_limit() {
        assert!(of(SECOND, |client| client.cpu_ns = SECOND)[0].contains("100 %"));
        let late = |client: &mut Client| {
            (client.scheduling_delay_p99_ns, client.late_timers) = (SECOND, 5);
        };
        assert!(of(SECOND, late)[0].contains("1000.0 ms"));
        assert!(
            of(SECOND, |client| client.requested_rate = 10.0)[0].contains("10.0 that were due")
        );
        assert!(of(SECOND, |client| client.out_of_resources = 1)[0].contains("ulimit"));
    }

    #[test]
    fn accepts_a_short_run_without_evidence() {
        let short = 20 * MILLISECOND;
        assert!(of(short, |client| client.cpu_ns = short).is_empty());
        let one_late = |client: &mut Client| {
            (client.scheduling_delay_p99_ns, client.late_timers) = (SECOND, 1);
        };
        assert!(of(short, one_late).is_empty());
        let one_missing = |client: &mut Client| {
            (client.requested_rate, client.achieved_rate) = (5.0, 4.0);
        };
        assert!(of(SECOND, one_missing).is_empty());
    }
}
