//! The official clients and the frameworks built on the API, unmodified, against the stub.
//!
//! They are not ours to vendor, so the tests are ignored until `tests/clients/install.sh` has put them into the
//! repository's `.cache/clients`: `cargo test -p stub --test it -- --ignored clients`.

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

/// Runs a client's own assertions, which end the process with an error when they fail.
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
async fn openai_for_python() {
    check("python/bin/python", "openai_client.py").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn openai_for_javascript() {
    check("node", "openai_client.mjs").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn vercel_ai_sdk() {
    check("node", "ai_sdk.mjs").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn langchain_for_python() {
    check("python/bin/python", "langchain.py").await;
}

#[tokio::test]
#[ignore = "needs stub/tests/clients/install.sh"]
async fn langchain_for_javascript() {
    check("node", "langchain.mjs").await;
}
