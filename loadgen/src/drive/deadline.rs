//! A limit on how long something may take, that costs next to nothing while it is not reached.
//!
//! tokio's own `timeout` asks its timer whenever what it guards is polled, which for a stream is at each token.

use crate::clock::{instant, now_ns};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

/// What `future` comes to; none if it takes longer than `limit`. The future has to stay in one task. It is borrowed,
/// since one given away would have room in the task's memory twice.
pub async fn within<F: Future>(limit: Duration, mut future: Pin<&mut F>) -> Option<F::Output> {
    let end_ns = now_ns().saturating_add(crate::clock::nanos(limit));
    let mut timer = pin!(tokio::time::sleep_until(instant(end_ns)));
    let mut set = false;
    poll_fn(|cx| {
        if let Poll::Ready(done) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        // Once set, the timer wakes this task when it is over; until then there is nothing to ask.
        if set && !timer.is_elapsed() {
            return Poll::Pending;
        }
        set = true;
        timer.as_mut().poll(cx).map(|()| None)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::yield_now;

    #[tokio::test]
    async fn what_is_done_in_time_is_given() {
        let limit = Duration::from_secs(60);
        assert_eq!(within(limit, pin!(async { 5 })).await, Some(5));
        assert_eq!(within(limit, pin!(yield_now())).await, Some(()));
    }

    #[tokio::test]
    async fn what_never_ends_is_given_up() {
        let limit = Duration::from_millis(5);
        let before = now_ns();
        let never = std::future::pending::<()>();
        assert_eq!(within(limit, pin!(never)).await, None);
        assert!(now_ns() - before >= 5_000_000);
    }

    #[tokio::test]
    async fn what_is_polled_all_the_time_is_given_up_too() {
        let mut polls = 0u64;
        let busy = poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        assert_eq!(within(Duration::from_millis(5), pin!(busy)).await, None);
        assert!(polls > 1);
    }
}
