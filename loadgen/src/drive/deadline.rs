//! Deadline of a future, at almost no cost while it is not reached.
//!
//! tokio's own `timeout` polls its timer whenever the guarded future is polled, which for a stream
//! is once per token.

use crate::clock::instant;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

/// Returns the output of `future`, or none if it is not ready by `end_ns` of
/// [`crate::clock::now_ns`].
///
/// The future must stay in one task. It is borrowed, since moving it in would reserve its size
/// twice in the task's memory.
pub async fn until<F: Future>(end_ns: u64, mut future: Pin<&mut F>) -> Option<F::Output> {
    let mut timer = pin!(tokio::time::sleep_until(instant(end_ns)));
    let mut set = false;
    poll_fn(|cx| {
        if let Poll::Ready(done) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        // Once set, the timer wakes this task when it fires; there is nothing to poll until then.
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
    use crate::clock::{MILLISECOND, SECOND, now_ns};
    use tokio::task::yield_now;

    #[tokio::test]
    async fn returns_what_is_ready_in_time() {
        let end_ns = now_ns() + 60 * SECOND;
        assert_eq!(until(end_ns, pin!(async { 5 })).await, Some(5));
        assert_eq!(until(end_ns, pin!(yield_now())).await, Some(()));
    }

    #[tokio::test]
    async fn gives_up_a_future_that_never_ends() {
        let end_ns = now_ns() + 5 * MILLISECOND;
        let never = std::future::pending::<()>();
        assert_eq!(until(end_ns, pin!(never)).await, None);
        assert!(now_ns() >= end_ns);
    }

    #[tokio::test]
    async fn gives_up_a_future_that_is_polled_all_the_time() {
        let mut polls = 0u64;
        let busy = poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        });
        let end_ns = now_ns() + 5 * MILLISECOND;
        assert_eq!(until(end_ns, pin!(busy)).await, None);
        assert!(polls > 1);
    }
}
