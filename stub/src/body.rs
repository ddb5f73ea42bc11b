//! The body of a streaming response, as hyper sees it.

use crate::{
    stream_writer::{Disconnect, StreamWriter, lock},
    worker::Worker,
};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

/// The only owner of a stream. hyper drops the body when the client disconnects, which ends the
/// stream.
pub struct StreamBody {
    worker: Arc<Worker>,
    writer: Arc<Mutex<StreamWriter>>,
}

impl StreamBody {
    /// Creates a body that the timer wheel of `worker` fills.
    pub fn new(worker: Arc<Worker>, writer: StreamWriter) -> Self {
        let writer = Arc::new(Mutex::new(writer));
        Self { worker, writer }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Disconnect>>> {
        let mut writer = lock(&self.writer);
        let polled = writer.poll(cx);
        if polled.is_pending()
            && let Some(due) = writer.schedule()
        {
            let scheduled = self.worker.wheel.put(due, Arc::downgrade(&self.writer));
            if scheduled.is_err() {
                return Poll::Ready(Some(Err(Disconnect)));
            }
        }
        polled
    }
}

impl Body for StreamBody {
    type Data = Bytes;
    type Error = Disconnect;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Disconnect>>> {
        let bytes = ready!(self.poll(cx));
        Poll::Ready(bytes.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.writer).has_ended()
    }
}
