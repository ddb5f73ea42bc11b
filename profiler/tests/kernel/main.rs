//! The recorder on this kernel, with processes whose behaviour is known exactly. Needs privilege.

mod commands;
mod counts;
mod crowd;
mod go;
mod hints;
mod killed;
mod memory_stacks;
mod modes;
mod moves;
mod names;
mod namespaces;
mod peers;
mod pidstat;
mod python;
mod quota;
mod refused;
mod runtime_stats;
mod runtimes;
mod selectors;
mod shapes;
mod stacks;
mod support;
mod top;
mod trees;
mod trouble;
mod waits;
