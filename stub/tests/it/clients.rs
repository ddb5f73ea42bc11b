//! Official clients and frameworks, unmodified, against the stub.
//!
//! The tests are ignored because they need other people's packages. `stub/tests/clients/install.sh`
//! installs those into `.cache/clients`; then `cargo test -p stub --test it -- --ignored clients`
//! runs the tests.

use crate::support::start;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use stub::{Config, Gap, Script, Timing};
use tokio::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

async fn stub_with_tools() -> String {
    let quick = Gap::Fixed(Duration::from_millis(2));
    let timing = Timing {
        first: quick.clone(),
        between: quick,
    };
    let script = root().join("stub/tests/clients/conversation.toml");
    let addr = start(Config::new(Script::load(&script, &timing).unwrap())).await;
    format!("http://{addr}/v1")
}

/// Runs a client script. A failed assertion ends it with an error status.
async fn check(program: &str, script: &str) {
    let clients = root().join(".cache/clients");
    let status = Command::new(clients.join(program))
        .arg(root().join("stub/tests/clients").join(script))
        .env("STUB_URL", stub_with_tools().await)
        .env("CLIENTS", &clients)
        .kill_on_drop(true)
        .status()
        .await
        .unwrap_or_else(|error| {
            panic!("{program}: {error}; run stub/tests/clients/install.sh first")
        });
    assert!(status.success(), "{script}: {status}");
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn serves_openai_for_python() {
    check("python/bin/python", "openai_client.py").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn serves_openai_for_javascript() {
    check("node", "openai_client.mjs").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn serves_the_ai_sdk() {
    check("node", "ai_sdk.mjs").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn serves_langchain_for_python() {
    check("python/bin/python", "langchain.py").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn serves_langchain_for_javascript() {
    check("node", "langchain.mjs").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn serves_anthropic_for_python() {
    check("python/bin/python", "anthropic_client.py").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn serves_anthropic_for_javascript() {
    check("node", "anthropic_client.mjs").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn serves_google_for_python() {
    check("python/bin/python", "google_client.py").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn serves_google_for_javascript() {
    check("node", "google_client.mjs").await;
}
