//! The live view of one target, or of two side by side: `kontrast top`.
//!
//! Data flows one way: a [`Baseline`] turns two snapshots of a running recording into a
//! [`Frame`], a [`history::History`] keeps five minutes of frames, a [`view::View`] holds what the
//! user chose to see of them, and [`draw`](fn@draw::draw) or [`text`] shows it. [`metrics`] adds
//! frames up for monitoring systems.
//!
//! *Invariant:* nothing here loads a program or reads a process. Splitting on-CPU time and naming
//! roles is the work of `analysis`.

pub mod baseline;
pub mod column;
pub mod cost;
pub mod draw;
pub mod frame;
pub mod history;
pub mod keys;
pub mod metrics;
pub mod rows;
pub mod screen;
pub mod text;
pub mod thread_growth;
pub mod view;

pub use baseline::Baseline;
pub use cost::Cost;
pub use frame::{Frame, Row};
pub use view::View;
