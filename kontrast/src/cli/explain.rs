//! `kontrast explain`.

use crate::outcome::Outcome;
use anyhow::{Context, Result};
use report::Input;
use report::explain::{Answer, Topic, answer};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  kontrast explain results/latest                          the verdict, one statement a line
  kontrast explain results/latest --topic findings --json  causes, with the rows they rest on
  kontrast explain results/latest --topic ledger --page 2 --json

Citations are JSON pointers: comparison#/metrics/0 is in comparison.json, bun/1/recording.json#/…
in that file of the directory. A page has fewer than 20,000 tokens.";

/// Arguments of `kontrast explain`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// Explain the comparison or the recording in this directory.
    dir: PathBuf,
    /// Explain this part of it.
    #[arg(long, value_enum, default_value_t, value_name = "TOPIC")]
    topic: TopicName,
    /// Print this page of the answer.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    page: u32,
    /// Print JSON, with the citations of each statement: kontrast.explain/1.
    #[arg(long)]
    json: bool,
}

/// A topic as the command line has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum TopicName {
    /// The verdict, its parts and what to try.
    #[default]
    Verdict,
    /// Every metric: values and verdicts.
    Metrics,
    /// Causes and other findings.
    Findings,
    /// Each row of the ledgers of CPU time.
    Ledger,
    /// Work that an arm could do without.
    Waste,
    /// Functions of user code by their share.
    Functions,
    /// Whether the result may be trusted.
    Checks,
}

impl From<TopicName> for Topic {
    fn from(name: TopicName) -> Topic {
        match name {
            TopicName::Verdict => Topic::Verdict,
            TopicName::Metrics => Topic::Metrics,
            TopicName::Findings => Topic::Findings,
            TopicName::Ledger => Topic::Ledger,
            TopicName::Waste => Topic::Waste,
            TopicName::Functions => Topic::Functions,
            TopicName::Checks => Topic::Checks,
        }
    }
}

impl Explain {
    /// Executes the verb.
    ///
    /// # Errors
    /// Fails if the directory has no result, or the answer has no such page.
    pub fn execute(self) -> Result<Outcome> {
        let answer = explain(&self.dir, self.topic.into(), self.page as usize)?;
        let text = match self.json {
            true => serde_json::to_string(&answer)? + "\n",
            false => text(&answer),
        };
        match std::io::stdout().lock().write_all(text.as_bytes()) {
            // `head` closes the pipe when it has enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            written => written.context("cannot write to standard output")?,
        }
        Ok(Outcome::Done)
    }
}

/// Returns a page of the answer about the result in a directory.
///
/// # Errors
/// The directory has no result, or the answer has fewer pages.
pub fn explain(dir: &Path, topic: Topic, page: usize) -> Result<Answer> {
    let loaded = super::report::load(dir)?;
    let input = Input {
        comparison: &loaded.comparison,
        recordings: &loaded.recordings,
    };
    answer(&input, topic, page).with_context(|| {
        let pages = answer(&input, topic, 1).map_or(0, |first| first.pages);
        format!(
            "topic {} has no page {page}; its last is {pages}",
            topic.name()
        )
    })
}

fn text(answer: &Answer) -> String {
    let mut text = String::new();
    if !answer.valid {
        text.push_str("not valid: see --topic checks\n");
    }
    for statement in &answer.statements {
        text.push_str(&statement.text);
        text.push('\n');
    }
    if answer.statements.is_empty() {
        text.push_str("nothing about this topic\n");
    }
    let (page, pages) = (answer.page, answer.pages);
    if pages > 1 {
        text.push_str(&format!("page {page} of {pages}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::io;
    use recording::testing::{Build, MAIN};

    #[test]
    fn explains_a_single_recording_and_rejects_pages_that_are_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let build = Build::arm("go").thread(1, MAIN, |it| it.user(1_000_000, 1));
        io::save_recording(dir.path(), &build.load(1_000, 10).done()).unwrap();
        let found = explain(dir.path(), Topic::Verdict, 1).unwrap();
        assert!(text(&found).contains("go uses"), "{}", text(&found));
        let error = explain(dir.path(), Topic::Verdict, 9).unwrap_err();
        assert_eq!(
            error.to_string(),
            "topic verdict has no page 9; its last is 1"
        );
    }
}
