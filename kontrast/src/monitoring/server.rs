//! The page of metrics that Prometheus reads.

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use report::metrics::prometheus;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Time in which a client sends its request.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server on a thread, which ends with the program.
pub struct Server {
    page: Page,
}

/// The text that is served.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Bytes>>);

impl Page {
    fn get(&self) -> Bytes {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set(&self, page: Bytes) {
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
        let page = Page::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let served = page.clone();
        std::thread::Builder::new()
            .name("metrics".into())
            .spawn(move || runtime.block_on(serve(listener, served)))
            .context("cannot start a thread")?;
        eprintln!("kontrast: metrics at http://{address}/metrics");
        Ok(Server { page })
    }

    /// Serves this page from now on.
    pub fn publish(&self, page: String) {
        self.page.set(page.into());
    }
}

async fn serve(listener: TcpListener, page: Page) {
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
        let page = page.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let answer = answer(request.uri().path(), &page);
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

fn answer(path: &str, page: &Page) -> Response<Full<Bytes>> {
    let (status, kind, body) = match path {
        "/metrics" => (StatusCode::OK, prometheus::CONTENT_TYPE, page.get()),
        _ => (
            StatusCode::NOT_FOUND,
            "text/plain",
            Bytes::from_static(b"the metrics are at /metrics\n"),
        ),
    };
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static(kind);
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serves_the_last_page_only() {
        let page = Page::default();
        page.set("one".into());
        page.set("two".into());
        let found = answer("/metrics", &page);
        assert_eq!(found.status(), StatusCode::OK);
        assert!(
            found.headers()[CONTENT_TYPE]
                .to_str()
                .is_ok_and(|kind| kind.contains("0.0.4"))
        );
        assert_eq!(page.get(), "two");
        assert_eq!(answer("/", &page).status(), StatusCode::NOT_FOUND);
    }
}
