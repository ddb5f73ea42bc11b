//! The recorder on this kernel, against processes whose behaviour is known exactly. Needs privilege.

mod activity;
mod counts;
mod go;
mod modes;
mod pidstat;
mod refused;
mod sites;
mod support;
mod trouble;
