//! Colours of flame graphs by meaning.

/// The meaning of a bar's colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlamePaint {
    /// A thread role.
    Role,
    /// A row of the ledger.
    Row,
    /// A function of the program or its runtime.
    User,
    /// A function of a shared library.
    Library,
    /// Compiled while the program ran.
    Jit,
    /// A function without a symbol.
    Unnamed,
    /// A function of the kernel.
    Kernel,
    /// Time without a frame: no sample, or smaller frames.
    Rest,
    /// Higher in the second arm.
    Rise,
    /// Lower in the second arm.
    Fall,
    /// No difference that the rounds show.
    Same,
}

impl FlamePaint {
    /// Every colour: its class, and its fill on white.
    pub(super) const ALL: [(FlamePaint, &str, &str); 11] = [
        (FlamePaint::Role, "fr", "#dfe3e8"),
        (FlamePaint::Row, "fk", "#cdd6e0"),
        (FlamePaint::User, "fu", "#f6cf9c"),
        (FlamePaint::Library, "fl", "#f3e2a2"),
        (FlamePaint::Jit, "fj", "#c9e2b3"),
        (FlamePaint::Unnamed, "fn", "#ecd9cf"),
        (FlamePaint::Kernel, "fs", "#bcd6f0"),
        (FlamePaint::Rest, "fo", "#eceef1"),
        (FlamePaint::Rise, "fa", "#f2b5a4"),
        (FlamePaint::Fall, "fb", "#a9dcc6"),
        (FlamePaint::Same, "fe", "#e6e8eb"),
    ];

    /// Returns the class of bars with this colour.
    pub fn class(self) -> &'static str {
        let known = Self::ALL.iter().find(|(paint, _, _)| *paint == self);
        known.map_or("", |(_, class, _)| class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_colour_once() {
        let style = include_str!("../../../templates/style.css");
        for (paint, class, _) in FlamePaint::ALL {
            assert_eq!(paint.class(), class);
            assert!(style.contains(&format!(".flame .{class} rect")), "{class}");
        }
    }
}
