//! The programs, one family of signals a file.

pub mod fault;
pub mod runtime;
pub mod sample;
pub mod sched;
pub mod site;
pub mod socket;
pub mod syscall;
