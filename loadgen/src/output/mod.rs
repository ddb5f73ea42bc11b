//! What people and programs get to see.

mod format;
pub mod progress;
pub mod text;
