//! Servers under test: `target.toml`, building, starting and stopping them.
