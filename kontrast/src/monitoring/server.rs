//! The page of metrics that Prometheus reads, as text or in its binary form.

use super::accept;
use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, VARY};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use report::metrics::prometheus::{self, protobuf};
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use top::metrics::Totals;

/// Time in which a client sends its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server on a thread, which ends with the program.
pub struct Server {
    latest: Latest,
}

/// All metrics at one time, in both forms.
#[derive(Clone, Default)]
pub struct Page {
    text: Bytes,
    protobuf: Bytes,
}

impl Page {
    /// Returns the metrics of these counts.
    pub fn of(totals: &Totals) -> Self {
        Page {
            text: totals.page().into(),
            protobuf: totals.families().into(),
        }
    }
}

/// The page that is served.
#[derive(Clone, Default)]
struct Latest(Arc<Mutex<Page>>);

impl Latest {
    fn get(&self) -> Page {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, page: Page) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = page;
    }
}

impl Server {
    /// Listens, and says where.
    ///
    /// # Errors
    /// The address is in use or not of this host.
    pub fn listen(address: SocketAddr) -> Result<Self> {
        let why = || format!("cannot serve metrics on {address}: choose another --prometheus");
        let listener = TcpListener::bind(address).with_context(why)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let latest = Latest::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let served = latest.clone();
        std::thread::Builder::new()
            .name("metrics".into())
            .spawn(move || runtime.block_on(serve(listener, served)))
            .context("cannot start a thread")?;
        eprintln!("kontrast: metrics at http://{address}/metrics");
        Ok(Server { latest })
    }

    /// Serves this page from now on.
    pub fn publish(&self, page: Page) {
        self.latest.set(page);
    }
}

async fn serve(listener: TcpListener, latest: Latest) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return eprintln!("kontrast: cannot serve metrics: {error}"),
    };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, say: the next may succeed.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let latest = latest.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let answer = answer(request.uri().path(), request.headers(), latest.get());
            async move { Ok::<_, Infallible>(answer) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(async move {
            // A client that goes away harms nothing.
            let _ = connection.await;
        });
    }
}

fn answer(path: &str, headers: &HeaderMap, page: Page) -> Response<Full<Bytes>> {
    let (status, kind, body) = match path {
        "/metrics" if accept::prefers_protobuf(headers) => {
            (StatusCode::OK, protobuf::CONTENT_TYPE, page.protobuf)
        }
        "/metrics" => (StatusCode::OK, prometheus::CONTENT_TYPE, page.text),
        _ => (
            StatusCode::NOT_FOUND,
            "text/plain",
            Bytes::from_static(b"the metrics are at /metrics\n"),
        ),
    };
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Body;
    use hyper::header::ACCEPT;

    fn page(text: &'static str, protobuf: &'static str) -> Page {
        Page {
            text: text.into(),
            protobuf: protobuf.into(),
        }
    }

    /// Returns the status, the media type and the length of an answer.
    fn found(path: &str, headers: &HeaderMap, page: Page) -> (StatusCode, String, Option<u64>) {
        let answer = answer(path, headers, page);
        let kind = answer.headers()[CONTENT_TYPE].to_str().expect("ASCII");
        let length = answer.body().size_hint().exact();
        (answer.status(), kind.to_owned(), length)
    }

    #[test]
    fn serves_the_last_page_only() {
        let latest = Latest::default();
        latest.set(page("one", ""));
        latest.set(page("second", ""));
        let text = prometheus::CONTENT_TYPE.to_owned();
        let expected = (StatusCode::OK, text, Some(6));
        assert_eq!(found("/metrics", &HeaderMap::new(), latest.get()), expected);
        let (status, ..) = found("/", &HeaderMap::new(), latest.get());
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[test]
    fn serves_the_binary_form_where_it_is_preferred() {
        let binary = HeaderValue::from_static(protobuf::CONTENT_TYPE);
        let headers = HeaderMap::from_iter([(ACCEPT, binary)]);
        let expected = (StatusCode::OK, protobuf::CONTENT_TYPE.to_owned(), Some(3));
        assert_eq!(found("/metrics", &headers, page("text", "pb!")), expected);
    }
}
