//! Comments and prose of files that are not Rust.

use super::{
    block::{Block, Kind},
    is_one_of, markdown,
};

/// Returns the blocks of a file that is not Rust.
pub fn blocks(path: &str, text: &str) -> Vec<Block> {
    if path.ends_with(".md") {
        return markdown::blocks(text);
    }
    if is_one_of(path, &["html", "css"]) {
        let lines = text.lines().map(str::to_owned).collect();
        return vec![Block {
            kind: Kind::Prose,
            line: 1,
            lines,
        }];
    }
    let marker = match () {
        () if is_one_of(path, &["go", "ts", "js", "mjs", "cpp", "hpp", "h"]) => "//",
        () if is_one_of(path, &["toml", "sh", "py", "yml", "yaml"]) => "#",
        () => return Vec::new(),
    };
    line_comments(text, marker)
}

fn line_comments(text: &str, marker: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut previous = 0;
    for (at, line) in text.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix(marker) else {
            continue;
        };
        let comment = comment.trim_start_matches(['/', '!', '#']).to_owned();
        match blocks.last_mut() {
            Some(block) if previous == at => block.lines.push(comment),
            _ => blocks.push(Block {
                kind: Kind::Comment,
                line: at + 1,
                lines: vec![comment],
            }),
        }
        previous = at + 1;
    }
    blocks
}
