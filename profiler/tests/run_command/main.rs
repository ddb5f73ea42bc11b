//! `kontrast run` as its users call it, with the real stub and load generator and a recorder that needs no privileges.

mod common;
mod interrupt;
mod rounds;
mod trouble;
