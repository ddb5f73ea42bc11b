//! The parts of `cargo xtask` that `suite` shares: places of the checkout, and other programs.

pub mod process;
pub mod project;
