//! Scores of the code that findings name, for faults inside user code.

use recording::comparison::{Pair, Term};
use recording::vocabulary::{CodeCategory, TermKind};
use serde::Serialize;

use super::causes::Code;

/// The code that a comparison reports for a fault inside user code.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CodeScore {
    /// The category that must come first.
    pub expected: CodeCategory,
    /// The category with the largest difference; `None` without any user code.
    pub kind: Option<CodeCategory>,
    /// The function that is reported: one that was expected, if there is one.
    pub function: Option<String>,
    /// Whether a function was expected and reported; `None` where none is expected.
    pub is_function_right: Option<bool>,
}

impl CodeScore {
    /// Scores the code of a pair, of which b has the fault.
    pub fn new(code: &Code, pair: Option<&Pair>) -> Self {
        let most = pair.and_then(largest);
        let names = [
            pair.and_then(|pair| Some(&pair.inclusive.as_ref()?.name)),
            most.and_then(|(_, row)| row.function.as_ref()),
        ];
        let names = || names.into_iter().flatten();
        let is_expected = |name: &&String| code.functions.iter().any(|part| name.contains(part));
        let right = names().find(is_expected);
        CodeScore {
            expected: code.kind,
            kind: most.map(|(kind, _)| kind),
            function: right.or(names().next()).cloned(),
            is_function_right: (!code.functions.is_empty()).then_some(right.is_some()),
        }
    }

    /// Returns whether the category is right.
    pub fn is_kind_right(&self) -> bool {
        self.kind == Some(self.expected)
    }

    /// Returns whether category and function are right.
    pub fn is_right(&self) -> bool {
        self.is_kind_right() && self.is_function_right != Some(false)
    }
}

/// Returns the category of user code that arm b has most more of.
fn largest(pair: &Pair) -> Option<(CodeCategory, &Term)> {
    let code = pair.by_cause.iter().filter_map(|row| match row.kind {
        TermKind::Code(category) if row.delta > 0.0 => Some((category, row)),
        _ => None,
    });
    code.max_by(|(_, one), (_, other)| one.delta.total_cmp(&other.delta))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::InclusiveFunction;

    fn pair(inclusive: Option<&str>) -> Pair {
        let row = |kind, function: &str, delta| Term {
            kind,
            function: Some(function.into()),
            delta,
            ..Term::default()
        };
        Pair {
            inclusive: inclusive.map(|name| InclusiveFunction {
                name: name.into(),
                ..InclusiveFunction::default()
            }),
            by_cause: vec![
                row(TermKind::Fault, "page_fault", 900.0),
                row(TermKind::Code(CodeCategory::Copying), "memmove", 20.0),
                row(TermKind::Code(CodeCategory::Json), "json.Unmarshal", 80.0),
            ],
            ..Pair::default()
        }
    }

    fn code(kind: CodeCategory, functions: &[&str]) -> Code {
        Code {
            kind,
            functions: functions.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn accepts_either_function_of_the_largest_category() {
        let of = |functions: &[&str]| {
            let json = code(CodeCategory::Json, functions);
            CodeScore::new(&json, Some(&pair(Some("main.twice"))))
        };
        let planted = of(&["main.twice"]);
        assert!(planted.is_right());
        assert_eq!(planted.function.as_deref(), Some("main.twice"));
        let library = of(&["json."]);
        assert!(library.is_right());
        assert_eq!(library.function.as_deref(), Some("json.Unmarshal"));
        assert!(!of(&["main.other"]).is_right());
        let by_kind = of(&[]);
        assert!(by_kind.is_right() && by_kind.is_function_right.is_none());
    }

    #[test]
    fn rejects_another_category() {
        let copying = code(CodeCategory::Copying, &[]);
        assert!(!CodeScore::new(&copying, Some(&pair(None))).is_right());
        let nothing = CodeScore::new(&copying, None);
        assert_eq!((nothing.kind, nothing.function.clone()), (None, None));
        assert!(!nothing.is_right());
        let saved = Pair {
            by_cause: vec![Term {
                kind: TermKind::Code(CodeCategory::Copying),
                delta: -5.0,
                ..Term::default()
            }],
            ..Pair::default()
        };
        assert!(!CodeScore::new(&copying, Some(&saved)).is_right());
    }
}
