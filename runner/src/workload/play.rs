//! Files by which a workload is played. They are kept with the results, to play it again by hand.

use super::{Workload, image};
use anyhow::Context;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// Inputs of stub and load generator for a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Play {
    /// The stub's script; `None` for plain tokens.
    pub script: Option<PathBuf>,
    /// Arguments of the load generator for its requests; none for a chat message.
    pub sent: Vec<String>,
}

impl Play {
    /// Writes the files of the workload into `dir`; each answer of the model has `tokens` tokens.
    ///
    /// # Errors
    /// Fails if a file cannot be written.
    pub fn prepare(workload: Workload, tokens: u32, dir: &Path) -> anyhow::Result<Self> {
        let mut play = Self::default();
        if let Some(script) = workload.script() {
            let text = with_tokens(script, tokens).context("a built-in script is malformed")?;
            play.script = Some(write(dir, "model.toml", text.as_bytes())?);
        }
        if let Some(steps) = workload.steps() {
            let path = write(dir, "steps.toml", steps.as_bytes())?;
            play.sent = vec!["--steps".into(), path.display().to_string()];
        }
        if workload == Workload::Multimodal {
            let image = image::png()?;
            write(dir, "image.png", &image)?;
            let url = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(image));
            let body = json!({ "message": "hello", "image": url }).to_string();
            let path = write(dir, "request.json", body.as_bytes())?;
            play.sent = vec!["--body".into(), format!("@{}", path.display())];
        }
        Ok(play)
    }
}

fn write(dir: &Path, name: &str, content: &[u8]) -> anyhow::Result<PathBuf> {
    let path = dir.join(name);
    fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Returns the script with `tokens` tokens in every answer that has any.
fn with_tokens(script: &str, tokens: u32) -> Result<String, toml::de::Error> {
    let mut script: Table = script.parse()?;
    let replies = script.get_mut("reply").and_then(Value::as_array_mut);
    let parts = replies.into_iter().flatten().filter_map(|reply| {
        let say = reply.get_mut("say")?;
        say.as_array_mut()
    });
    for part in parts.flatten() {
        if let Some(count) = part.get_mut("tokens") {
            *count = Value::Integer(tokens.into());
        }
    }
    Ok(script.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn writes_no_files_for_chat() {
        let dir = tempfile::tempdir().unwrap();
        let play = Play::prepare(Workload::Chat, 5, dir.path()).unwrap();
        assert_eq!(play, Play::default());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn changes_only_the_tokens_of_scripts() {
        for workload in Workload::value_variants() {
            let Some(script) = workload.script() else {
                continue;
            };
            assert!(script.contains("tokens = 50"), "{}", workload.name());
            let seven: Table = with_tokens(script, 7).unwrap().parse().unwrap();
            let same: Table = script.replace("tokens = 50", "tokens = 7").parse().unwrap();
            assert_eq!(seven, same, "{}", workload.name());
        }
    }

    #[test]
    fn writes_the_image_beside_the_script_and_into_the_request() {
        let dir = tempfile::tempdir().unwrap();
        let play = Play::prepare(Workload::Multimodal, 5, dir.path()).unwrap();
        let file = dir.path().join("request.json");
        assert_eq!(play.sent, ["--body".into(), format!("@{}", file.display())]);
        let body: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let url = body["image"].as_str().unwrap();
        let sent = BASE64_STANDARD.decode(url.strip_prefix("data:image/png;base64,").unwrap());
        assert_eq!(
            sent.unwrap(),
            fs::read(dir.path().join("image.png")).unwrap()
        );
    }

    #[test]
    fn keeps_steps_with_the_results() {
        for workload in [Workload::History, Workload::Threads] {
            let dir = tempfile::tempdir().unwrap();
            let play = Play::prepare(workload, 5, dir.path()).unwrap();
            let file = dir.path().join("steps.toml");
            assert_eq!(play.sent, ["--steps", file.to_str().unwrap()]);
            let kept = fs::read_to_string(file).unwrap();
            assert_eq!(kept, workload.steps().unwrap());
            assert!(workload.needs_database());
        }
    }

    #[test]
    fn reports_a_folder_that_cannot_be_written() {
        let error = Play::prepare(Workload::AgentLoop, 5, Path::new("nowhere")).unwrap_err();
        assert!(error.to_string().contains("nowhere/model.toml"), "{error}");
    }
}
