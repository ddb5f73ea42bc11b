//! The programs, one probe group a file.

pub mod block_io;
pub mod cgroup;
pub mod fault;
pub mod gc;
pub mod lifetime;
pub mod off_cpu;
pub mod python;
pub mod runtime;
pub mod sample;
pub mod sched;
pub mod site;
pub mod socket;
pub mod stack;
pub mod syscall;
pub mod task;
pub mod wait_object;
pub mod wait_stack;
pub mod wake;
