//! Responses, and the reasons for their absence.

use crate::{
    api::{Api, error::ApiError},
    body::StreamBody,
};
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::{
    Response, StatusCode,
    header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER},
};
use serde_json::Value;

/// A response, streaming or not.
pub type HttpResponse = Response<HttpBody>;

/// The body of a response.
pub type HttpBody = Either<Full<Bytes>, StreamBody>;

/// The reason a request gets no ordinary response.
pub enum Failure {
    /// The request is refused.
    Refused(ApiError),
    /// A fault cuts the connection.
    Disconnect,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Builds an error response. `retry-after` has whole seconds; `retry-after-ms`, which OpenAI's
/// clients prefer, is exact.
pub fn refusal(error: &ApiError, api: Api) -> HttpResponse {
    let mut response = json_response(error.status, &error.body(api));
    if let Some(wait) = error.retry_after {
        let headers = response.headers_mut();
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, seconds.into());
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        headers.insert("retry-after-ms", millis.into());
    }
    response
}

/// Builds a JSON response.
pub fn json_response(status: StatusCode, body: &Value) -> HttpResponse {
    json_text(status, body.to_string())
}

/// Builds a response from text that is usually JSON; fault `malformed-after` cuts it short.
pub fn json_text(status: StatusCode, body: String) -> HttpResponse {
    let mut response = Response::new(Either::Left(Full::new(body.into())));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
