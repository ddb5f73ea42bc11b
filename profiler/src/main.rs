//! kontrast: records what the kernel sees of a process, compares and explains.

fn main() {}
