//! `kontrast run` with the real stub and load generator, and a recorder that needs no privileges.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on may panic, its helpers too"
)]

mod common;
mod instrumented;
mod interrupt;
mod rounds;
mod traced;
mod trouble;
