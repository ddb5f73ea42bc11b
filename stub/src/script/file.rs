//! The file format of scripts. `docs/stub.md` describes it for users.

use super::{
    Rule, Script,
    render::{PartKind, PartTemplate, ReplyTemplate},
    when::When,
};
use crate::{
    fault::Faults,
    reply::Finish,
    timing::{Gap, Timing, duration},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;
use std::{path::Path, time::Duration};

/// Name of the model in scripts without one.
pub const DEFAULT_MODEL: &str = "stub";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    model: Option<String>,
    #[serde(default)]
    timing: TimingText,
    reply: Vec<ReplyText>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimingText {
    first: Option<String>,
    between: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyText {
    name: Option<String>,
    #[serde(default)]
    when: When,
    #[serde(default)]
    timing: TimingText,
    say: Vec<PartText>,
    finish: Option<Finish>,
    #[serde(default)]
    usage: UsageText,
    fault: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageText {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// A flat table instead of an enum, so that serde can name an unknown key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartText {
    pause: Option<String>,
    text: Option<String>,
    tokens: Option<u32>,
    reasoning: Option<u32>,
    call: Option<String>,
    arguments: Option<Value>,
    fragments: Option<usize>,
    image: Option<String>,
}

/// Parses the script in `text`. `path` gives the format and the folder of relative paths.
pub fn parse(text: &str, path: &Path, timing: &Timing) -> Result<Script, String> {
    let file: FileText = match path.extension() {
        Some(extension) if extension == "json" => {
            serde_json::from_str(text).map_err(|error| error.to_string())
        }
        _ => toml::from_str(text).map_err(|error| error.to_string()),
    }?;
    if file.reply.is_empty() {
        return Err("a script needs at least one reply".into());
    }
    let base = path.parent().unwrap_or(Path::new("."));
    let timing = file.timing.or(timing, base)?;
    let rules = file.reply.into_iter().enumerate().map(|(index, reply)| {
        let name = reply
            .name
            .clone()
            .unwrap_or_else(|| format!("number {}", index + 1));
        reply
            .rule(&name, &timing, base)
            .map_err(|error| format!("reply {name}: {error}"))
    });
    Ok(Script {
        model: file.model.unwrap_or_else(|| DEFAULT_MODEL.into()),
        rules: rules.collect::<Result<_, _>>()?,
        timing,
    })
}

impl TimingText {
    /// Returns this schedule, with missing gaps from `other`.
    fn or(&self, other: &Timing, base: &Path) -> Result<Timing, String> {
        let gap =
            |text: &Option<String>| text.as_ref().map(|text| Gap::parse(text, base)).transpose();
        Ok(Timing {
            first: gap(&self.first)?.unwrap_or_else(|| other.first.clone()),
            between: gap(&self.between)?.unwrap_or_else(|| other.between.clone()),
        })
    }
}

impl ReplyText {
    fn rule(self, name: &str, timing: &Timing, base: &Path) -> Result<Rule, String> {
        let lines = self.say.into_iter().map(|line| line.check(base));
        let faults: Faults = self.fault.as_deref().unwrap_or_default().parse()?;
        if let Some(name) = faults.of_connections() {
            return Err(format!(
                "{name} concerns connections, so a reply cannot have it"
            ));
        }
        Ok(Rule {
            name: name.to_owned(),
            when: self.when,
            template: ReplyTemplate::new(lines.collect::<Result<_, _>>()?)?,
            timing: self.timing.or(timing, base)?,
            finish: self.finish,
            prompt_tokens: self.usage.prompt_tokens,
            completion_tokens: self.usage.completion_tokens,
            faults,
        })
    }
}

impl PartText {
    fn check(self, base: &Path) -> Result<PartTemplate, String> {
        let pause = self.pause.as_deref().map(duration).transpose()?;
        if self.call.is_none() && (self.arguments.is_some() || self.fragments.is_some()) {
            return Err("`arguments` and `fragments` belong to a `call`".into());
        }
        let parts = (
            self.text,
            self.tokens,
            self.reasoning,
            self.call,
            self.image,
        );
        let kind = match parts {
            (Some(text), None, None, None, None) => PartKind::Text(text),
            (None, Some(tokens), None, None, None) => PartKind::Tokens(tokens),
            (None, None, Some(count), None, None) => PartKind::Reasoning(count),
            (None, None, None, Some(name), None) => PartKind::Call {
                name,
                arguments: self
                    .arguments
                    .unwrap_or_else(|| Value::Object(Default::default())),
                fragments: at_least_one(self.fragments.unwrap_or(1))?,
            },
            (None, None, None, None, Some(image)) => PartKind::Image(image_url(&image, base)?),
            _ => {
                return Err(
                    "each part of `say` needs exactly one of `text`, `tokens`, `reasoning`, `call` and `image`"
                        .into(),
                );
            }
        };
        Ok(PartTemplate {
            pause: pause.unwrap_or(Duration::ZERO),
            kind,
        })
    }
}

fn at_least_one(fragments: usize) -> Result<usize, String> {
    match fragments {
        0 => Err("`fragments` must be at least 1".into()),
        fragments => Ok(fragments),
    }
}

/// Returns a URL unchanged, and a file as a `data:` URL.
fn image_url(image: &str, base: &Path) -> Result<String, String> {
    if ["data:", "http://", "https://"]
        .iter()
        .any(|scheme| image.starts_with(scheme))
    {
        return Ok(image.to_owned());
    }
    let path = base.join(image);
    let kind = match path.extension().and_then(|extension| extension.to_str()) {
        Some("png") => "png",
        Some("jpg" | "jpeg") => "jpeg",
        Some("gif") => "gif",
        Some("webp") => "webp",
        _ => {
            return Err(format!(
                "the image `{image}` is neither a URL nor a .png, .jpg, .gif or .webp file"
            ));
        }
    };
    let content = std::fs::read(&path)
        .map_err(|error| format!("cannot read the image {}: {error}", path.display()))?;
    Ok(format!(
        "data:image/{kind};base64,{}",
        BASE64_STANDARD.encode(content)
    ))
}
