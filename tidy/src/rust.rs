//! A Rust file: its comments and literals, functions, and the modules that it refers to.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::text::{Block, Kind};

/// A function.
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
pub struct Reference {
    /// The modules within the file that it stands in.
    pub within: Vec<String>,
    /// Its segments.
    pub path: Vec<String>,
}

/// The items of a parsed file.
#[derive(Default)]
pub struct Source {
    /// All functions.
    pub functions: Vec<Function>,
    /// Paths to other modules of the crate.
    pub references: Vec<Reference>,
    within: Vec<String>,
    /// How many items around the visited place are compiled for tests only.
    in_tests: usize,
}

/// Parses a file into its items, comments and literals; one that is no Rust has none.
pub fn parse(text: &str) -> (Source, Vec<Block>) {
    let mut source = Source::default();
    let (Ok(file), Ok(tokens)) = (syn::parse_file(text), text.parse()) else {
        return (source, Vec::new());
    };
    source.visit_file(&file);
    (source, blocks(text, tokens))
}

/// Returns comments and literals. Between the tokens of the code are only spaces and comments.
fn blocks(text: &str, tokens: TokenStream) -> Vec<Block> {
    let mut code = Vec::new();
    flatten(tokens, text, &mut code);
    code.push(text.len()..text.len());
    let mut comments = Vec::new();
    let mut literals = Vec::new();
    let (mut line, mut end) = (1, 0);
    for range in code {
        let gap = text[end..range.start].split('\n').enumerate();
        for (at, comment) in gap.filter(|(_, line)| !line.trim().is_empty()) {
            let (kind, comment) = stripped(comment.trim_start());
            comments.push((line + at, kind, comment, at > 0 || end == 0));
        }
        line += text[end..range.start].matches('\n').count();
        let token = &text[range.clone()];
        if token
            .trim_start_matches(['b', 'c', 'r', '#'])
            .starts_with('"')
        {
            literals.push(Block {
                kind: Kind::Literal,
                line,
                lines: token.lines().map(literal_line).collect(),
            });
        }
        line += token.matches('\n').count();
        end = range.end;
    }
    let mut blocks = Block::group(comments);
    blocks.extend(literals);
    blocks
}

fn literal_line(line: &str) -> String {
    let line = line.trim_end_matches('\\').replace("\\n", " ");
    line.trim_matches(['"', ' ']).to_owned()
}

/// Collects where code is. A documentation comment is an attribute to the compiler, so its text
/// distinguishes it.
fn flatten(tokens: TokenStream, text: &str, code: &mut Vec<Range<usize>>) {
    for token in tokens {
        let range = token.span().byte_range();
        if text[range.start..].starts_with("//") || text[range.start..].starts_with("/*") {
            continue;
        }
        if let TokenTree::Group(group) = token {
            code.push(group.span_open().byte_range());
            flatten(group.stream(), text, code);
            code.push(group.span_close().byte_range());
        } else {
            code.push(range);
        }
    }
}

/// Returns the kind of a comment, and its text.
fn stripped(comment: &str) -> (Kind, &str) {
    let markers = [
        ("//!", Kind::ModuleDoc),
        ("///", Kind::ItemDoc),
        ("//", Kind::Comment),
        ("/*", Kind::Comment),
        ("", Kind::Comment),
    ];
    let found = markers
        .iter()
        .find_map(|(marker, kind)| Some((*kind, comment.strip_prefix(marker)?)));
    let (kind, text) = found.unwrap_or((Kind::Comment, comment));
    (kind, text.trim_end_matches("*/"))
}

impl Source {
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

impl<'ast> Visit<'ast> for Source {
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
