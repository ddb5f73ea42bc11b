//! The tables of rules. A test keeps the table of `docs/causes.md` in step with them.

mod cpu;
mod rest;

use super::Rule;

/// Returns every rule, those with the most specific pattern first: rows that they leave are for the
/// rules below.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    cpu::RULES.iter().chain(rest::RULES)
}
