//! Prompts: text of chosen lengths, with prefixes that requests share.
//!
//! Text consists of common words of one token each. It is a function of the seed and the number of
//! the request, so that runs can be repeated.

use crate::distribution::{Distribution, MAX_WORDS};
use crate::trace::{BLOCK_WORDS, Trace};
use std::sync::Arc;

/// Words that common tokenizers encode as one token each.
const WORDS: [&str; 64] = [
    "the", "of", "and", "to", "in", "is", "that", "for", "it", "as", "was", "with", "be", "by",
    "on", "not", "he", "his", "but", "at", "are", "this", "have", "from", "or", "had", "an",
    "they", "which", "one", "you", "were", "all", "her", "she", "there", "would", "their", "we",
    "him", "been", "has", "when", "who", "will", "no", "more", "if", "out", "so", "up", "said",
    "how", "its", "about", "than", "into", "them", "can", "only", "other", "time", "new", "some",
];

/// Prompts of a run.
#[derive(Clone, Debug)]
pub struct Prompts {
    /// Where prompts come from.
    pub source: Source,
    /// Number of words at the start that all prompts share.
    pub shared_words: usize,
    /// Seed of lengths and text.
    pub seed: u64,
}

/// Source of prompts.
#[derive(Clone, Debug)]
pub enum Source {
    /// Lengths in words.
    Lengths(Distribution),
    /// Lines of a file, in order, as the inside of JSON strings.
    Lines(Arc<[String]>),
    /// Requests of a trace, in order.
    Trace(Arc<Trace>),
}

impl Prompts {
    /// Writes the prompt of request `index` as the inside of a JSON string.
    pub fn write(&self, index: u64, out: &mut Vec<u8>) {
        let mut words = Writer { out, first: true };
        match &self.source {
            Source::Lengths(lengths) => {
                let length = lengths.value(self.seed, index).round();
                let length = length.clamp(1.0, MAX_WORDS as f64) as usize;
                let shared = self.shared_words.min(length);
                words.text(mix(self.seed, 0), shared);
                words.text(mix(self.seed, index + 1), length - shared);
            }
            Source::Lines(lines) => {
                words.text(mix(self.seed, 0), self.shared_words);
                words.word(&lines[(index % lines.len() as u64) as usize]);
            }
            Source::Trace(trace) => {
                let entry = &trace.entries[(index % trace.entries.len() as u64) as usize];
                let mut left = entry.input.max(1);
                for block in &entry.blocks {
                    let length = BLOCK_WORDS.min(left);
                    words.text(mix(0, *block), length);
                    left -= length;
                }
                words.text(mix(self.seed, index + 1), left);
            }
        }
    }

    /// Returns the answer's length in tokens that the trace asks for, if there is one.
    pub fn output_tokens(&self, index: u64) -> Option<usize> {
        match &self.source {
            Source::Trace(trace) => {
                let entry = &trace.entries[(index % trace.entries.len() as u64) as usize];
                Some(entry.output.max(1))
            }
            _ => None,
        }
    }
}

/// Writer of words with a space between them.
struct Writer<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Writer<'_> {
    fn word(&mut self, word: &str) {
        if !self.first {
            self.out.push(b' ');
        }
        self.first = false;
        self.out.extend_from_slice(word.as_bytes());
    }

    /// Writes the first `count` words of the text with this state.
    fn text(&mut self, mut state: u64, count: usize) {
        for _ in 0..count {
            state = mix(state, 1);
            self.word(WORDS[(state >> 58) as usize]);
        }
    }
}

/// Mixes two numbers (the finalizer of SplitMix64).
fn mix(one: u64, two: u64) -> u64 {
    let mut mixed = one ^ two.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Entry;

    fn prompt(prompts: &Prompts, index: u64) -> Vec<String> {
        let mut out = Vec::new();
        prompts.write(index, &mut out);
        let text = String::from_utf8(out).unwrap();
        text.split(' ').map(String::from).collect()
    }

    fn lengths(words: f64, shared_words: usize) -> Prompts {
        Prompts {
            source: Source::Lengths(Distribution::Constant(words)),
            shared_words,
            seed: 1,
        }
    }

    #[test]
    fn writes_prompts_of_the_length_that_differ() {
        let prompts = lengths(200.0, 0);
        let (one, two) = (prompt(&prompts, 0), prompt(&prompts, 1));
        assert_eq!((one.len(), two.len()), (200, 200));
        assert_ne!(one[..5], two[..5]);
        assert_eq!(one, prompt(&prompts, 0), "the same in every run");
    }

    #[test]
    fn shares_the_prefix() {
        let prompts = lengths(200.0, 150);
        let (one, two) = (prompt(&prompts, 0), prompt(&prompts, 1));
        assert_eq!(one[..150], two[..150]);
        assert_ne!(one[150..], two[150..]);
        assert_eq!(prompt(&lengths(3.0, 150), 0).len(), 3);
    }

    #[test]
    fn takes_lines_in_turn() {
        let prompts = Prompts {
            source: Source::Lines(["one".into(), "two".into()].into()),
            shared_words: 0,
            seed: 1,
        };
        let texts = [0, 1, 2].map(|index| prompt(&prompts, index).join(" "));
        assert_eq!(texts, ["one", "two", "one"]);
    }

    #[test]
    fn shares_the_blocks_of_a_trace() {
        let entry = |input, blocks: &[u64]| Entry {
            input,
            output: 7,
            blocks: blocks.to_vec(),
            ..Entry::default()
        };
        let entries = vec![entry(600, &[1, 2]), entry(700, &[1, 3]), entry(0, &[])];
        let prompts = Prompts {
            source: Source::Trace(Arc::new(Trace { entries })),
            shared_words: 0,
            seed: 1,
        };
        let (one, two) = (prompt(&prompts, 0), prompt(&prompts, 1));
        assert_eq!(
            (one.len(), two.len(), prompt(&prompts, 2).len()),
            (600, 700, 1)
        );
        assert_eq!(one[..BLOCK_WORDS], two[..BLOCK_WORDS]);
        assert_ne!(one[BLOCK_WORDS..], two[BLOCK_WORDS..600]);
        assert_eq!(prompts.output_tokens(0), Some(7));
    }
}
