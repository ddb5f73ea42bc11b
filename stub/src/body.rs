//! The body of a streamed completion, as hyper sees it.

use crate::{
    player::{Cut, Player},
    worker::Worker,
};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

/// A stream's only owner: when hyper drops the body, because the client left, the stream is at its end.
pub struct StreamBody {
    worker: Arc<Worker>,
    player: Arc<Mutex<Player>>,
}

/// The player, which only one thread ever asks for.
pub fn lock(player: &Mutex<Player>) -> MutexGuard<'_, Player> {
    player.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StreamBody {
    /// A body that the wheel of `worker` fills.
    pub fn new(worker: Arc<Worker>, player: Player) -> Self {
        let player = Arc::new(Mutex::new(player));
        Self { worker, player }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        let mut player = lock(&self.player);
        let polled = player.poll(cx);
        if polled.is_pending()
            && let Some(due) = player.waits_until()
        {
            let known = self.worker.wheel.put(due, Arc::downgrade(&self.player));
            if known.is_err() {
                return Poll::Ready(Some(Err(Cut)));
            }
        }
        polled
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let piece = ready!(self.poll(cx));
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.player).has_ended()
    }
}
