//! Whether the load generator itself was the bottleneck. Beyond these limits its numbers say more about it than
//! about the server, and the run is invalid.

use crate::clock::MILLISECOND;
use recording::load::Client;

/// Share of its threads' time it may use.
const CPU_SHARE: f64 = 0.9;
/// How late its timers may fire (99th percentile). Tokio's own granularity is a millisecond of it.
const SCHEDULING_DELAY_NS: u64 = 10 * MILLISECOND;
/// Share of the requested rate it must reach (open loop).
const RATE_SHARE: f64 = 0.95;

/// How late a request of an open loop may begin before it is counted as late.
pub const LATE_START_NS: u64 = 10 * MILLISECOND;

/// Which limits were exceeded, in words.
pub fn reasons(client: &Client, threads: usize, elapsed_ns: u64) -> Vec<String> {
    let mut reasons = Vec::new();
    let cpu = client.cpu_ns as f64 / (elapsed_ns as f64 * threads as f64);
    if elapsed_ns > 0 && cpu > CPU_SHARE {
        reasons.push(format!(
            "it used {:.0} % of its {threads} thread(s), the limit is {:.0} %: give it more --threads or another machine",
            cpu * 100.0,
            CPU_SHARE * 100.0
        ));
    }
    let delay = client.scheduling_delay_p99_ns;
    if delay > SCHEDULING_DELAY_NS {
        reasons.push(format!(
            "its timers fired {:.1} ms late (p99), the limit is {} ms: give it a CPU of its own",
            delay as f64 / MILLISECOND as f64,
            SCHEDULING_DELAY_NS / MILLISECOND
        ));
    }
    if client.achieved_rate < RATE_SHARE * client.requested_rate {
        reasons.push(format!(
            "it began {:.1} requests/s where {:.1} were asked for",
            client.achieved_rate, client.requested_rate
        ));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    fn of(change: impl FnOnce(&mut Client)) -> Vec<String> {
        let mut client = Client {
            cpu_ns: SECOND / 2,
            ..Client::default()
        };
        change(&mut client);
        reasons(&client, 1, SECOND)
    }

    #[test]
    fn a_client_with_room_to_spare_is_fine() {
        assert!(of(|_| {}).is_empty());
        assert!(of(|client| client.achieved_rate = 100.0).is_empty());
    }

    #[test]
    fn each_limit_is_named() {
        assert!(of(|client| client.cpu_ns = SECOND)[0].contains("100 %"));
        assert!(of(|client| client.scheduling_delay_p99_ns = SECOND)[0].contains("1000.0 ms"));
        assert!(of(|client| client.requested_rate = 10.0)[0].contains("10.0 were asked"));
    }
}
