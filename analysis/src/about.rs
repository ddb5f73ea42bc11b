//! Words about a rule or a condition.

/// A rule or a condition in words: also its line in `docs/causes.md`.
pub struct About {
    /// Stable name.
    pub id: &'static str,
    /// The field's term for it, as reports show it.
    pub title: &'static str,
    /// The pattern in a recording.
    pub pattern: &'static str,
    /// One or two sentences of meaning.
    pub meaning: &'static str,
    /// One or two sentences of advice.
    pub advice: &'static str,
}
