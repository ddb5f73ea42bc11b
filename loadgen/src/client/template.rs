//! Text that differs from request to request: `{user}`, `{room}`, `{turn}`, `{iteration}` and `{run}` stand for values.
//!
//! Anything else in braces is left as it is: bodies are JSON, and full of them.

use bytes::Bytes;
use hyper::http::uri::PathAndQuery;
use std::io::Write as _;

/// Users who share a room.
const ROOM: usize = 50;

/// What placeholders stand for in one request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// `{user}`: the user's number, from 0.
    pub user: usize,
    /// `{turn}`: how many requests this user has begun before.
    pub turn: u64,
    /// `{iteration}`: how often this user has been through all steps before.
    pub iteration: u64,
    /// `{run}`: the same in a whole run, and in no other.
    pub run: &'a str,
}

/// Bytes with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// Without any: nothing is done for a request.
    Fixed(Bytes),
    /// With at least one.
    Filled(Vec<Piece>),
}

/// What a template consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Itself.
    Text(Bytes),
    /// A value.
    Value(Placeholder),
}

/// Stands for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// `{user}`
    User,
    /// `{room}`: the same for fifty users, from 0.
    Room,
    /// `{turn}`
    Turn,
    /// `{iteration}`
    Iteration,
    /// `{run}`
    Run,
}

/// How placeholders are written.
const WRITTEN: [(&str, Placeholder); 5] = [
    ("{user}", Placeholder::User),
    ("{room}", Placeholder::Room),
    ("{turn}", Placeholder::Turn),
    ("{iteration}", Placeholder::Iteration),
    ("{run}", Placeholder::Run),
];

impl Template {
    /// Finds the placeholders of `text`.
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

    /// The text with `values` in it.
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

/// The part of a URL behind the host, with placeholders.
#[derive(Clone, Debug)]
pub enum Path {
    /// Without any.
    Fixed(PathAndQuery),
    /// With at least one.
    Filled(Template),
}

impl Path {
    /// Reads a path. Braces that are no placeholder are refused: no URL has them, so it must be a slip.
    ///
    /// # Errors
    /// In words, if no URL can have this path.
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

    /// The path with `values` in it.
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
    fn placeholders_are_filled_in() {
        assert_eq!(filled(r#"{"id":"{user}-{turn}"}"#), r#"{"id":"7-12"}"#);
        assert_eq!(filled("{run}{iteration}{{user}}"), "5eed3{7}");
    }

    #[test]
    fn fifty_users_share_a_room() {
        let room = |user| Template::parse("{room}").fill(&Values { user, ..VALUES });
        assert_eq!([0, 49, 50, 149].map(room), ["0", "0", "1", "2"]);
    }

    #[test]
    fn other_braces_stay() {
        for text in ["", r#"{"a":{"user":1}}"#, "{ user }", "{usr}", "{user", "{"] {
            assert_eq!(filled(text), text);
            let template = Template::parse(text.to_owned());
            assert!(matches!(template, Template::Fixed(_)), "{text}");
        }
    }

    #[test]
    fn paths_take_placeholders_and_nothing_odd() {
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
        fn filling_is_replacing(text in r#"(\{user\}|\{turn\}|\{iteration\}|\{run\}|[{}"a]){0,12}"#) {
            // From left to right; none of the values has a brace, so that the order does not matter.
            let expected = text.replace("{user}", "7").replace("{turn}", "12");
            let expected = expected.replace("{iteration}", "3").replace("{run}", "5eed");
            prop_assert_eq!(filled(&text), expected);
        }
    }
}
