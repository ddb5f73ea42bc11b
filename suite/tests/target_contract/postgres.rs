//! One PostgreSQL for all cases, started by the first that needs it.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};
use suite::service::{
    log::Log,
    postgres::{Installation, Server},
};

/// The data is not needed after a crash of the machine.
const SETTINGS: [&str; 2] = ["-c", "fsync=off"];

static SERVER: Mutex<Option<Server>> = Mutex::new(None);

/// Creates an empty database and returns its URL.
pub fn database() -> anyhow::Result<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let name = format!("case{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    if server.is_none() {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgres.log");
        *server = Some(Server::start(
            &Installation::find()?,
            &SETTINGS,
            &Log::file(&log),
        )?);
    }
    let server = server.as_ref().expect("it was just started");
    server.create(&name)
}

/// Ends it, if it was started.
pub fn end() {
    SERVER.lock().unwrap_or_else(PoisonError::into_inner).take();
}
