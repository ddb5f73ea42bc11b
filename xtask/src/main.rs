//! Set-up, build, test and benchmarks of this repository.

fn main() {}
