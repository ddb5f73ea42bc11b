//! The userspace loader: loads and attaches the eBPF programs, drains their maps and writes a
//! recording.

pub mod record;
