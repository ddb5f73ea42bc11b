//! Back-off of closed-loop users: how long a user waits after a failure or a throttled answer.

use crate::client::Answer;
use std::time::Duration;

/// Wait after a failed request, and first wait after a throttled one.
const FIRST: Duration = Duration::from_millis(100);
/// Longest wait where the server sent no `Retry-After`.
const LONGEST: Duration = Duration::from_secs(10);

/// Back-off state of one user.
#[derive(Debug, Default)]
pub struct Backoff {
    /// Throttled answers in a row.
    throttled: u32,
}

impl Backoff {
    /// Returns the wait after a request without an answer.
    pub fn after_failure(&self) -> Duration {
        FIRST
    }

    /// Returns the wait after `answer` to user `index`: none unless the server asked for one
    /// (429, 503, or a `Retry-After` header; RFC 9110, section 10.2.3).
    ///
    /// Without `Retry-After`, the wait doubles with every throttled answer up to 10 s. `jitter`
    /// (0 to 1) is added as a share of 100 ms, so that throttled users do not return in one burst.
    pub fn after_answer(&mut self, answer: &Answer, jitter: f64) -> Option<Duration> {
        let throttled = matches!(answer.status, 429 | 503);
        if !throttled && answer.retry_after.is_none() {
            self.throttled = 0;
            return None;
        }
        let doubled = FIRST.saturating_mul(2u32.saturating_pow(self.throttled));
        self.throttled += 1;
        let wait = match answer.retry_after {
            Some(asked) => asked.max(FIRST),
            None => doubled.min(LONGEST),
        };
        Some(wait + FIRST.mul_f64(jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<u64>) -> Answer {
        Answer {
            status,
            retry_after: retry_after.map(Duration::from_secs),
            ..Answer::default()
        }
    }

    #[test]
    fn waits_as_long_as_retry_after_asks() {
        let mut backoff = Backoff::default();
        for status in [429, 503, 413] {
            let wait = backoff.after_answer(&answer(status, Some(7)), 0.0);
            assert_eq!(wait, Some(Duration::from_secs(7)), "{status}");
        }
        let at_once = backoff.after_answer(&answer(429, Some(0)), 0.0);
        assert_eq!(at_once, Some(FIRST));
    }

    #[test]
    fn doubles_the_wait_up_to_a_cap_without_retry_after() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..40)
            .filter_map(|_| backoff.after_answer(&answer(429, None), 0.0))
            .map(|wait| wait.as_millis())
            .collect();
        assert_eq!(waits[..4], [100, 200, 400, 800]);
        assert_eq!(waits[39], 10_000);
        assert_eq!(backoff.after_answer(&answer(200, None), 0.0), None);
        let again = backoff.after_answer(&answer(503, None), 0.0);
        assert_eq!(again, Some(FIRST));
    }

    #[test]
    fn spreads_users_by_jitter() {
        let wait = |jitter| Backoff::default().after_answer(&answer(429, Some(1)), jitter);
        assert!(wait(0.9) > wait(0.1));
    }
}
