//! Closed vocabularies: each word that a file, a report or a rule uses for a kind of thing is a
//! variant here.
//!
//! A variant has a *name*, which is written to files, and a *label*, which people read. Code
//! compares variants, never text, so that a misspelt or ambiguous word does not compile.

mod block_io;
mod code_category;
mod kind;
mod metric;
mod path_kind;
mod probe_group;
mod region;
mod role;
mod runtime;
mod syscall_class;
mod transport;
mod unit;
mod wait_kind;

pub use block_io::{BlockOperation, Submitter};
pub use code_category::CodeCategory;
pub use kind::{ProxyStage, TermKind, UnknownKind};
pub use metric::MetricId;
pub use path_kind::PathKind;
pub use probe_group::ProbeGroup;
pub use region::{CodePlace, MemoryEvent, RegionClass};
pub use role::Role;
pub use runtime::Runtime;
pub use syscall_class::{SyscallClass, SyscallResult, is_event_wait, result_of};
pub use transport::Transport;
pub use unit::{Per, Unit, WorkName};
pub use wait_kind::WaitKind;

/// Text that no vocabulary has as a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {vocabulary}; known are {known}")]
pub struct Unknown {
    /// The text.
    pub text: String,
    /// Name of the vocabulary.
    pub vocabulary: &'static str,
    /// The names that are known, separated by commas.
    pub known: String,
}

/// Defines a vocabulary: an enum with `ALL`, `name`, `label`, `Display` (the label), `FromStr` (the
/// name) and serde by name.
macro_rules! vocabulary {
    (
        $(#[$attribute:meta])*
        $vocabulary:ident {
            $( $(#[$variant_attribute:meta])* $variant:ident = $name:literal, $label:literal; )+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $vocabulary {
            $( $(#[$variant_attribute])* $variant, )+
        }

        impl $vocabulary {
            /// Every variant, in the order of the definition.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// Returns the name that files use.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// Returns the words that people read.
            pub const fn label(self) -> &'static str {
                match self { $( Self::$variant => $label, )+ }
            }
        }

        impl std::fmt::Display for $vocabulary {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.pad(self.label())
            }
        }

        impl std::str::FromStr for $vocabulary {
            type Err = crate::vocabulary::Unknown;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|known| known.name() == text);
                found.copied().ok_or_else(|| crate::vocabulary::Unknown {
                    text: text.into(),
                    vocabulary: stringify!($vocabulary),
                    known: Self::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }

        crate::vocabulary::serde_by_text!($vocabulary, |value: &$vocabulary| value.name());
    };
}

/// Implements serde for a type that is written as text and read by `FromStr`.
macro_rules! serde_by_text {
    ($type:ty, $text:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                let text = $text;
                out.serialize_str(text(self).as_ref())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(input)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use {serde_by_text, vocabulary};

#[cfg(test)]
mod tests;
