//! A Rust file: its comments and literals, functions, and the modules that it refers to.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::block::{Block, Kind};

/// A function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of `fn`.
    pub line: usize,
    /// Lines from the signature to the closing brace.
    pub length: usize,
    /// Whether it is a test.
    pub test: bool,
}

/// A path that begins with `crate`, `self` or `super`, outside of tests.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The modules within the file that it stands in.
    pub within: Vec<String>,
    /// Its segments.
    pub path: Vec<String>,
}

/// A parsed file.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Comments and string literals.
    pub blocks: Vec<Block>,
    /// All functions.
    pub functions: Vec<Function>,
    /// Paths to other modules of the crate.
    pub references: Vec<Reference>,
}

impl Source {
    /// Parses a file; one that is no Rust has nothing in it.
    pub fn parse(text: &str) -> Self {
        let (Ok(file), Ok(tokens)) = (syn::parse_file(text), text.parse::<TokenStream>()) else {
            return Self::default();
        };
        let mut found = Items::default();
        found.visit_file(&file);
        Self {
            blocks: blocks(text, tokens),
            functions: found.functions,
            references: found.references,
        }
    }
}

/// Returns comments and literals in the order of the text.
fn blocks(text: &str, tokens: TokenStream) -> Vec<Block> {
    let mut code = Vec::new();
    let mut literals = Vec::new();
    flatten(tokens, text, &mut code, &mut literals);
    let mut blocks = comments(text, &code);
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    blocks.extend(literals.into_iter().map(|range| Block {
        kind: Kind::Literal,
        line: line(range.start),
        lines: text[range].lines().map(literal_line).collect(),
    }));
    blocks.sort_by_key(|block| block.line);
    blocks
}

fn literal_line(line: &str) -> String {
    let line = line.trim_end_matches('\\').replace("\\n", " ");
    line.trim_matches(['"', ' ']).to_owned()
}

/// Collects where code is, and which of it are string literals. A documentation comment is an
/// attribute to the compiler, so it is told from code by its text.
fn flatten(
    tokens: TokenStream,
    text: &str,
    code: &mut Vec<Range<usize>>,
    literals: &mut Vec<Range<usize>>,
) {
    for token in tokens {
        let range = token.span().byte_range();
        if text[range.start..].starts_with("//") || text[range.start..].starts_with("/*") {
            continue;
        }
        match token {
            TokenTree::Group(group) => {
                code.push(group.span_open().byte_range());
                flatten(group.stream(), text, code, literals);
                code.push(group.span_close().byte_range());
            }
            TokenTree::Literal(_) => {
                let start = text[range.clone()].trim_start_matches(['b', 'c', 'r', '#']);
                if start.starts_with('"') {
                    literals.push(range.clone());
                }
                code.push(range);
            }
            _ => code.push(range),
        }
    }
}

/// Returns the comments between the tokens of the code, neighbouring lines as one block.
fn comments(text: &str, code: &[Range<usize>]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut end_of_last = 0;
    let mut at = 0;
    let mut line = 1;
    let mut tokens = code.iter().peekable();
    let mut fresh_line = true;
    while at < text.len() {
        if let Some(token) = tokens.next_if(|token| token.start <= at) {
            let end = token.end.max(at);
            line += text[at..end].matches('\n').count();
            fresh_line = false;
            at = end;
            continue;
        }
        let rest = &text[at..];
        let Some(comment) = comment_at(rest) else {
            let next = rest.chars().next().map_or(1, char::len_utf8);
            if rest.starts_with('\n') {
                line += 1;
                fresh_line = true;
            }
            at += next;
            continue;
        };
        let (kind, lines) = stripped(comment);
        let count = lines.len();
        match blocks.last_mut() {
            Some(block) if fresh_line && block.kind == kind && end_of_last + 1 == line => {
                block.lines.extend(lines);
            }
            _ => blocks.push(Block { kind, line, lines }),
        }
        line += count - 1;
        end_of_last = line;
        at += comment.len();
    }
    blocks
}

/// Returns the comment that `text` begins with.
fn comment_at(text: &str) -> Option<&str> {
    if text.starts_with("//") {
        return text.lines().next();
    }
    let end = text.starts_with("/*").then(|| text.find("*/"))??;
    Some(&text[..end + 2])
}

fn stripped(comment: &str) -> (Kind, Vec<String>) {
    let markers = [
        ("//!", Kind::ModuleDoc),
        ("///", Kind::ItemDoc),
        ("//", Kind::Comment),
        ("/*", Kind::Comment),
    ];
    let found = markers
        .iter()
        .find_map(|(marker, kind)| Some((*kind, comment.strip_prefix(marker)?)));
    let (kind, text) = found.unwrap_or((Kind::Comment, comment));
    let text = text.trim_end_matches("*/");
    (kind, text.split('\n').map(str::to_owned).collect())
}

/// Collects functions and references.
#[derive(Default)]
struct Items {
    functions: Vec<Function>,
    references: Vec<Reference>,
    within: Vec<String>,
    /// How many items around this place are compiled for tests only.
    in_tests: usize,
}

impl Items {
    fn function(&mut self, signature: &syn::Signature, attributes: &[syn::Attribute], end: usize) {
        let line = signature.fn_token.span.start().line;
        let test = |attribute: &syn::Attribute| {
            let last = attribute.path().segments.last();
            last.is_some_and(|it| it.ident == "test")
        };
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            length: end.saturating_sub(line) + 1,
            test: attributes.iter().any(test),
        });
    }

    fn reference(&mut self, path: Vec<String>) {
        let relative = path.first().map(String::as_str);
        if self.in_tests == 0 && matches!(relative, Some("crate" | "self" | "super")) {
            self.references.push(Reference {
                within: self.within.clone(),
                path,
            });
        }
    }
}

fn for_tests_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg");
        let condition = attribute.parse_args::<syn::Ident>();
        is_cfg && condition.is_ok_and(|condition| condition == "test")
    })
}

impl<'ast> Visit<'ast> for Items {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let end = item.block.brace_token.span.close().end().line;
        self.function(&item.sig, &item.attrs, end);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        let end = item.block.brace_token.span.close().end().line;
        self.function(&item.sig, &item.attrs, end);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let tests = usize::from(for_tests_only(&item.attrs));
        self.in_tests += tests;
        self.within.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.within.pop();
        self.in_tests -= tests;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !for_tests_only(&item.attrs) {
            for path in leaves(&item.tree) {
                self.reference(path);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter();
        self.reference(segments.map(|it| it.ident.to_string()).collect());
        visit::visit_path(self, path);
    }
}

/// Returns each path that a `use` names.
fn leaves(tree: &syn::UseTree) -> Vec<Vec<String>> {
    match tree {
        syn::UseTree::Path(path) => {
            let mut below = leaves(&path.tree);
            for leaf in &mut below {
                leaf.insert(0, path.ident.to_string());
            }
            below
        }
        syn::UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        syn::UseTree::Rename(rename) => vec![vec![rename.ident.to_string()]],
        syn::UseTree::Glob(_) => vec![Vec::new()],
        syn::UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}
