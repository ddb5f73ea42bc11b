//! Templates of bodies and paths, with placeholders that differ from request to request.
//!
//! Other braces stay as they are, since JSON bodies contain many.

use bytes::Bytes;
use hyper::http::uri::PathAndQuery;
use std::io::Write as _;

/// Users who share a room.
const ROOM: usize = 50;

/// Values of the placeholders in one request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// `{user}`: number of the user, from 0.
    pub user: usize,
    /// `{turn}`: number of requests that this user began before.
    pub turn: u64,
    /// `{iteration}`: number of times that this user completed all steps before.
    pub iteration: u64,
    /// `{run}`: identifier of the run, different in every run.
    pub run: &'a str,
}

/// Template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// Text without placeholders: requests share it.
    Fixed(Bytes),
    /// Text with at least one placeholder.
    Filled(Vec<Piece>),
}

/// Piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Text(Bytes),
    /// Placeholder.
    Value(Placeholder),
}

/// Placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// `{user}`
    User,
    /// `{room}`: number of the room, from 0; fifty users share one.
    Room,
    /// `{turn}`
    Turn,
    /// `{iteration}`
    Iteration,
    /// `{run}`
    Run,
}

/// Syntax of the placeholders.
const WRITTEN: [(&str, Placeholder); 5] = [
    ("{user}", Placeholder::User),
    ("{room}", Placeholder::Room),
    ("{turn}", Placeholder::Turn),
    ("{iteration}", Placeholder::Iteration),
    ("{run}", Placeholder::Run),
];

impl Template {
    /// Parses `text`.
    pub fn parse(text: impl Into<Bytes>) -> Self {
        let text = text.into();
        let (mut pieces, mut begin) = (Vec::new(), 0);
        for at in memchr::memchr_iter(b'{', &text) {
            if let Some((written, placeholder)) = placeholder_at(&text[at..]) {
                pieces.extend((at > begin).then(|| Piece::Text(text.slice(begin..at))));
                pieces.push(Piece::Value(placeholder));
                begin = at + written.len();
            }
        }
        if pieces.is_empty() {
            return Self::Fixed(text);
        }
        pieces.extend((begin < text.len()).then(|| Piece::Text(text.slice(begin..))));
        Self::Filled(pieces)
    }

    /// Returns the text with `values` filled in.
    pub fn fill(&self, values: &Values<'_>) -> Bytes {
        match self {
            Self::Fixed(text) => text.clone(),
            Self::Filled(pieces) => {
                let mut text = Vec::new();
                pieces
                    .iter()
                    .for_each(|piece| piece.fill(values, &mut text));
                text.into()
            }
        }
    }
}

impl Piece {
    fn fill(&self, values: &Values<'_>, text: &mut Vec<u8>) {
        let written = match self {
            Self::Text(bytes) => text.write_all(bytes),
            Self::Value(Placeholder::User) => write!(text, "{}", values.user),
            Self::Value(Placeholder::Room) => write!(text, "{}", values.user / ROOM),
            Self::Value(Placeholder::Turn) => write!(text, "{}", values.turn),
            Self::Value(Placeholder::Iteration) => write!(text, "{}", values.iteration),
            Self::Value(Placeholder::Run) => text.write_all(values.run.as_bytes()),
        };
        written.expect("memory takes any text");
    }
}

fn placeholder_at(text: &[u8]) -> Option<(&'static str, Placeholder)> {
    let mut all = WRITTEN.into_iter();
    all.find(|(written, _)| text.starts_with(written.as_bytes()))
}

/// Path and query of a URL, with placeholders.
#[derive(Clone, Debug)]
pub enum Path {
    /// Path without placeholders.
    Fixed(PathAndQuery),
    /// Path with at least one placeholder.
    Filled(Template),
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// If the path is not valid in a URL, or has braces other than placeholders.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err(format!("the path {text:?} does not begin with /"));
        }
        let template = Template::parse(text.to_owned());
        let filled = template.fill(&Values::default());
        if filled.iter().any(|byte| matches!(byte, b'{' | b'}')) {
            let known = WRITTEN.map(|(written, _)| written).join(", ");
            return Err(format!(
                "the path {text:?} has braces other than those of {known}"
            ));
        }
        let path = PathAndQuery::try_from(&filled[..])
            .map_err(|error| format!("no URL has the path {text:?}: {error}"))?;
        Ok(match template {
            Template::Fixed(_) => Self::Fixed(path),
            filled => Self::Filled(filled),
        })
    }

    /// Returns the path with `values` filled in.
    pub fn fill(&self, values: &Values<'_>) -> PathAndQuery {
        match self {
            Self::Fixed(path) => path.clone(),
            Self::Filled(template) => PathAndQuery::from_maybe_shared(template.fill(values))
                .expect("letters and digits do not make a good path bad"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VALUES: Values<'static> = Values {
        user: 7,
        turn: 12,
        iteration: 3,
        run: "5eed",
    };

    fn filled(text: &str) -> String {
        let bytes = Template::parse(text.to_owned()).fill(&VALUES);
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn fills_in_placeholders() {
        assert_eq!(filled(r#"{"id":"{user}-{turn}"}"#), r#"{"id":"7-12"}"#);
        assert_eq!(filled("{run}{iteration}{{user}}"), "5eed3{7}");
    }

    #[test]
    fn assigns_fifty_users_to_a_room() {
        let room = |user| Template::parse("{room}").fill(&Values { user, ..VALUES });
        assert_eq!([0, 49, 50, 149].map(room), ["0", "0", "1", "2"]);
    }

    #[test]
    fn keeps_other_braces() {
        for text in ["", r#"{"a":{"user":1}}"#, "{ user }", "{usr}", "{user", "{"] {
            assert_eq!(filled(text), text);
            let template = Template::parse(text.to_owned());
            assert!(matches!(template, Template::Fixed(_)), "{text}");
        }
    }

    #[test]
    fn rejects_invalid_paths() {
        let path = |text: &str| Path::parse(text).map(|path| path.fill(&VALUES).to_string());
        assert_eq!(
            path("/threads/{user}-{turn}?a=1").unwrap(),
            "/threads/7-12?a=1"
        );
        assert_eq!(path("/chat").unwrap(), "/chat");
        for (text, reason) in [
            ("chat", "begin with /"),
            ("", "begin with /"),
            ("/{usr}", "{user}, {room}, {turn}, {iteration}, {run}"),
            ("/a b", "no URL has the path"),
        ] {
            let refusal = path(text).unwrap_err();
            assert!(refusal.contains(reason), "{refusal}");
        }
    }

    proptest! {
        #[test]
        fn fills_like_string_replacement(text in r#"(\{user\}|\{turn\}|\{iteration\}|\{run\}|[{}"a]){0,12}"#) {
            // No value contains a brace, so the order of replacement does not matter.
            let expected = text.replace("{user}", "7").replace("{turn}", "12");
            let expected = expected.replace("{iteration}", "3").replace("{run}", "5eed");
            prop_assert_eq!(filled(&text), expected);
        }
    }
}
