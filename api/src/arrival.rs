//! How a request's body arrives, and how long that and the answer may take.
//!
//! A body has a start time, and earns a second with every 16 KiB: a large upload over a slow line
//! comes through, and a caller who sends a byte now and then holds nothing for long. The answer's
//! time begins when the last byte has come.
//!
//! What a route leaves unread is read after it, if that is little: a connection of HTTP/1 carries the
//! next request only behind the end of this one.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::Request;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// How many bytes earn a second.
const RATE: u64 = 16 * 1024;

/// How many bytes are read for the sake of the connection alone, and for how long.
const REST: usize = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(1);

/// The body did not come in time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
pub struct Late;

/// What is known of a request's arrival.
#[derive(Clone, Debug)]
pub struct Arrival(Arc<State>);

#[derive(Debug)]
struct State {
    began: Instant,
    /// Of the last piece of the body, in milliseconds since it began.
    last: AtomicU64,
    late: AtomicBool,
    /// Whether the end of the body was seen.
    ended: AtomicBool,
    /// What nobody read of it.
    rest: Mutex<Option<Body>>,
    answer: Duration,
}

impl Arrival {
    /// Watch over `request`: its body has `body` to come in, the answer to it `answer`.
    pub fn watch(request: &mut Request, body: Duration, answer: Duration) {
        let arrival = Self(Arc::new(State {
            began: Instant::now(),
            last: AtomicU64::default(),
            late: AtomicBool::default(),
            ended: AtomicBool::new(request.body().is_end_stream()),
            rest: Mutex::default(),
            answer,
        }));
        request.extensions_mut().insert(arrival.clone());
        if !request.body().is_end_stream() {
            let inner = std::mem::take(request.body_mut());
            *request.body_mut() = Body::new(Arriving {
                inner,
                arrival,
                start: body,
                received: 0,
                limit: None,
            });
        }
    }

    /// Whether the body was given up.
    pub fn is_late(&self) -> bool {
        self.0.late.load(Ordering::Acquire)
    }

    /// See the body to its end, when the answer is there; whether another request may follow it.
    /// A sender who `waits` to be told to go on has sent nothing yet, and is left alone.
    pub async fn finish(&self, waits: bool) -> bool {
        if self.0.ended.load(Ordering::Acquire) {
            return true;
        }
        let rest = self.rest().take();
        let Some(rest) = rest.filter(|_| !waits && !self.is_late()) else {
            return false;
        };
        if rest.size_hint().lower() > REST as u64 {
            return false;
        }
        let read = tokio::time::timeout(PATIENCE, to_bytes(rest, REST)).await;
        read.is_ok_and(|read| read.is_ok())
    }

    fn rest(&self) -> MutexGuard<'_, Option<Body>> {
        self.0.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Comes to an end when the answer is overdue.
    pub async fn overdue(&self) {
        loop {
            let due = self.last() + self.0.answer;
            sleep_until(due).await;
            if self.last() + self.0.answer <= due {
                return;
            }
        }
    }

    fn last(&self) -> Instant {
        self.0.began + Duration::from_millis(self.0.last.load(Ordering::Acquire))
    }

    fn touch(&self) {
        let passed = self.0.began.elapsed().as_millis();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        self.0.last.store(passed, Ordering::Release);
    }
}

/// A body that must come in time. Its time begins when somebody reads it.
struct Arriving {
    inner: Body,
    arrival: Arrival,
    start: Duration,
    received: u64,
    limit: Option<Pin<Box<Sleep>>>,
}

impl Drop for Arriving {
    fn drop(&mut self) {
        let inner = std::mem::take(&mut self.inner);
        *self.arrival.rest() = Some(inner);
    }
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            this.arrival.touch();
            let bytes = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                _ => 0,
            };
            let before = this.received / RATE;
            this.received = this.received.saturating_add(bytes as u64);
            let earned = this.received / RATE - before;
            if let Some(limit) = this.limit.as_mut().filter(|_| earned > 0) {
                let later = limit.deadline() + Duration::from_secs(earned);
                limit.as_mut().reset(later);
            }
            if frame.is_none() || this.inner.is_end_stream() {
                this.arrival.0.ended.store(true, Ordering::Release);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let start = this.start;
        let limit = this.limit.get_or_insert_with(|| Box::pin(sleep(start)));
        match limit.as_mut().poll(context) {
            Poll::Ready(()) => {
                this.arrival.0.late.store(true, Ordering::Release);
                Poll::Ready(Some(Err(Late.into())))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        HttpBody::size_hint(&self.inner)
    }
}
