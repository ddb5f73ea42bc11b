//! Prompts, think times, conversations and traces, from the command line.

use super::run::Run;
use crate::client::template::Placeholder;
use crate::distribution::{self, Distribution, MAX_WORDS};
use crate::prompts::{Prompts, Source};
use crate::scenario::{Shape, Unit};
use crate::steps::Steps;
use crate::trace::Trace;
use crate::{Error, clock};
use std::sync::Arc;

impl Run {
    /// Returns whether requests differ in their prompts.
    pub(super) fn has_prompts(&self) -> bool {
        let lengths = self.prompt_words.is_some() || self.prompts.is_some();
        lengths || self.replay.is_some() || self.conversation > 1
    }

    /// Returns the trace to replay, scaled to `--duration`.
    pub(super) fn trace(&self) -> Result<Option<Arc<Trace>>, Error> {
        let Some(path) = &self.replay else {
            return Ok(None);
        };
        let trace = Trace::read(path)?;
        Ok(Some(Arc::new(match self.duration {
            Some(duration) => trace.with_length(clock::nanos(duration).max(1)),
            None => trace,
        })))
    }

    /// Returns the prompts; none for `hello`.
    pub(super) fn prompts(&self, trace: Option<&Arc<Trace>>) -> Result<Option<Prompts>, Error> {
        if self.shared_words > MAX_WORDS {
            let text = format!("--shared-words must be at most {MAX_WORDS}");
            return Err(Error::Usage(text));
        }
        let source = match (trace, &self.prompt_words, &self.prompts) {
            (Some(trace), ..) => Source::Trace(trace.clone()),
            (_, Some(text), _) => {
                let lengths = Distribution::parse(text, distribution::words);
                Source::Lengths(lengths.map_err(|reason| usage("--prompt-words", text, &reason))?)
            }
            (_, _, Some(path)) => Source::Lines(lines(path)?),
            _ if self.shared_words > 0 => {
                let text = "--shared-words needs --prompt-words or --prompts";
                return Err(Error::Usage(text.into()));
            }
            _ => return Ok(None),
        };
        Ok(Some(Prompts {
            source,
            shared_words: self.shared_words,
            seed: self.seed,
        }))
    }

    /// Returns the think time of users.
    pub(super) fn think_time(&self) -> Result<Option<Distribution>, Error> {
        let parse = |text: &String| {
            let parsed = Distribution::parse(text, distribution::seconds);
            parsed.map_err(|reason| usage("--think-time", text, &reason))
        };
        self.think_time.as_ref().map(parse).transpose()
    }

    /// Refuses prompts and conversations that no body has a placeholder for.
    pub(super) fn check_placeholders(&self, steps: &Steps) -> Result<(), Error> {
        use Placeholder::{Contents, Messages, Prompt};
        let refuse = |text: &str| Err(Error::Usage(text.into()));
        if self.conversation > 1 && !steps.has(&[Messages, Contents]) {
            return refuse("--conversation needs {messages} or {contents} in the body");
        }
        if self.has_prompts() && !steps.has(&[Prompt, Messages, Contents]) {
            return refuse("prompts need {prompt}, {messages} or {contents} in the body");
        }
        Ok(())
    }

    /// Refuses options that need users in a load with rates.
    pub(super) fn check_users_only(&self, shape: &Shape) -> Result<(), Error> {
        let users = self.conversation > 1 || self.think_time.is_some();
        match users && shape.unit == Unit::Rate {
            true => Err(Error::Usage(
                "--conversation and --think-time need users, not rates".into(),
            )),
            false => Ok(()),
        }
    }
}

fn usage(option: &str, text: &str, reason: &str) -> Error {
    Error::Usage(format!("{option} {text}: {reason}"))
}

/// Reads the lines of a file, each as the inside of a JSON string.
fn lines(path: &std::path::Path) -> Result<Arc<[String]>, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::Read {
        path: path.into(),
        error,
    })?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<String> = lines
        .map(|line| {
            let quoted = serde_json::Value::from(line).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        })
        .collect();
    match lines.is_empty() {
        true => Err(Error::Usage(format!("{} has no prompts", path.display()))),
        false => Ok(lines.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        run: Run,
    }

    fn run(arguments: &str) -> Run {
        let url = match arguments.contains("--url") {
            true => "",
            false => "--url http://127.0.0.1:1/v1/chat/completions",
        };
        let all = format!("run {url} {arguments}");
        Command::try_parse_from(all.split_whitespace()).unwrap().run
    }

    #[test]
    fn escapes_the_lines_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("prompts.txt");
        std::fs::write(&path, "say \"hi\"\n\n  two \n").unwrap();
        assert_eq!(*lines(&path).unwrap(), ["say \\\"hi\\\"", "  two "]);
        std::fs::write(&path, "\n").unwrap();
        assert!(lines(&path).unwrap_err().is_usage());
    }

    #[test]
    fn replays_a_trace_at_its_own_times() {
        let plan = run("--replay sample --duration 10s").plan().unwrap();
        assert_eq!(plan.shape.unit, Unit::Rate);
        let trace = plan.trace.clone().unwrap();
        let due: Vec<u64> = plan.arrivals(0).collect();
        let times: Vec<u64> = trace.entries.iter().map(|entry| entry.at_ns).collect();
        assert_eq!((due, trace.length_ns()), (times, 10 * clock::SECOND));
        let (step, values) = plan.steps.at(0, 0);
        let values = crate::client::Values {
            prompts: plan.prompts.as_ref(),
            ..values
        };
        let body: serde_json::Value =
            serde_json::from_slice(&step.request.body.fill(&values)).unwrap();
        let words = body["messages"][0]["content"]
            .as_str()
            .unwrap()
            .split(' ')
            .count();
        let first = &trace.entries[0];
        assert_eq!(
            (words, body["max_tokens"].as_u64()),
            (first.input, Some(first.output as u64))
        );
    }

    #[test]
    fn rejects_contradicting_options() {
        for arguments in [
            "--shared-words 5",
            "--prompt-words many",
            "--think-time soon",
            "--rate 5 --think-time 1s",
            "--rate 5 --conversation 3",
            "--replay sample --conversation 3",
            "--replay /no/such/file",
            "--prompt-words 5 --body {}",
            "--conversation 3 --body {prompt}",
            "--conversation 3 --url http://127.0.0.1:1/chat",
        ] {
            let refusal = run(arguments).plan().unwrap_err();
            assert!(refusal.is_usage(), "{arguments}: {refusal}");
        }
    }
}
