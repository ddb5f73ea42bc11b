//! Statistics, the cost ledger and the explanation rules: pure functions over recordings.
