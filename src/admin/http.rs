//! Paths and answers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::collector::Collector;
use super::readiness::Readiness;
use super::slow::{SlowQuery, SlowRequests};
use super::stages::StagesQuery;
use crate::metrics::CONTENT_TYPE;

/// What the answers are made of. Whoever asks while another is being answered waits for its turn,
/// and mostly finds the answer made.
pub(super) struct Control {
    pub(super) collector: Mutex<Collector>,
    pub(super) readiness: Mutex<Readiness>,
    pub(super) slow: Mutex<SlowRequests>,
    /// The longest that a request may take.
    pub(super) request_timeout: Duration,
}

pub(super) fn router(control: Arc<Control>) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .route("/metrics", get(metrics))
        .route("/debug/slow", get(slow))
        .route("/debug/stages", get(stages))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&control), bound))
        .with_state(control)
}

/// No bodies, and no request that takes for ever.
async fn bound(State(control): State<Arc<Control>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let length = headers.get(header::CONTENT_LENGTH);
    let is_empty = length.is_none_or(|length| length.as_bytes() == b"0");
    if !is_empty || headers.contains_key(header::TRANSFER_ENCODING) {
        return complaint(StatusCode::PAYLOAD_TOO_LARGE, "nothing here takes a body");
    }
    match timeout(control.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => complaint(StatusCode::GATEWAY_TIMEOUT, "the answer took too long"),
    }
}

async fn health() -> &'static str {
    "alive\n"
}

async fn readiness(State(control): State<Arc<Control>>) -> Response {
    let arrived = Instant::now();
    let (ready, report) = control.readiness.lock().await.report(arrived).await;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    as_json(status, &report)
}

async fn metrics(State(control): State<Arc<Control>>) -> Response {
    let arrived = Instant::now();
    let page = control.collector.lock().await.page(arrived).await;
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], page.to_string()).into_response()
}

async fn slow(
    State(control): State<Arc<Control>>,
    query: Result<Query<SlowQuery>, QueryRejection>,
) -> Response {
    let arrived = Instant::now();
    let query = query.map_err(|error| error.body_text()).and_then(|Query(query)| query.checked());
    let query = match query {
        Ok(query) => query,
        Err(error) => return complaint(StatusCode::BAD_REQUEST, &error),
    };
    let mut slow = control.slow.lock().await;
    as_json(StatusCode::OK, &slow.report(arrived, query, runtime::wall_millis()).await)
}

async fn stages(
    State(control): State<Arc<Control>>,
    query: Result<Query<StagesQuery>, QueryRejection>,
) -> Response {
    let arrived = Instant::now();
    let report = match query {
        Ok(Query(query)) => control.collector.lock().await.stages(arrived, query).await,
        Err(error) => Err(error.body_text()),
    };
    match report {
        Ok(report) => as_json(StatusCode::OK, &report),
        Err(error) => complaint(StatusCode::BAD_REQUEST, &error),
    }
}

async fn unknown_path() -> Response {
    let paths = "there is /healthz, /readyz, /metrics, /debug/slow and /debug/stages";
    complaint(StatusCode::NOT_FOUND, paths)
}

async fn unknown_method() -> Response {
    complaint(StatusCode::METHOD_NOT_ALLOWED, "everything here is read with GET")
}

fn complaint(status: StatusCode, message: &str) -> Response {
    as_json(status, &json!({ "error": message }))
}

fn as_json(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{value}\n")).into_response()
}
