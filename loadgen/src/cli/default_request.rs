//! Default request of each model API, selected by the path of the URL.

/// Default request of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultRequest {
    /// Part of the URL that selects the API.
    path: &'static str,
    /// Body with placeholders, up to its last members.
    body: &'static str,
    /// Members that limit the answer to a number of tokens, with their comma.
    limit: &'static str,
    /// Header that the API requires.
    pub header: Option<&'static str>,
}

/// The APIs; the last one is the default.
const DEFAULTS: [DefaultRequest; 8] = [
    DefaultRequest {
        path: "/chat/completions",
        body: r#"{"model":"stub","stream":true,"messages":{messages}"#,
        limit: r#","max_tokens":{output_tokens}"#,
        header: None,
    },
    DefaultRequest {
        path: "/responses",
        body: r#"{"model":"stub","stream":true,"input":{messages}"#,
        limit: r#","max_output_tokens":{output_tokens}"#,
        header: None,
    },
    DefaultRequest {
        path: "/v1/messages",
        // The API requires a limit.
        body: r#"{"model":"stub","stream":true,"messages":{messages},"max_tokens":{output_tokens}"#,
        limit: "",
        header: Some("anthropic-version: 2023-06-01"),
    },
    DefaultRequest {
        path: ":streamGenerateContent",
        body: r#"{"contents":{contents}"#,
        limit: r#","generationConfig":{"maxOutputTokens":{output_tokens}}"#,
        header: None,
    },
    DefaultRequest {
        path: "/api/generate",
        body: r#"{"model":"stub","prompt":"{prompt}""#,
        limit: r#","options":{"num_predict":{output_tokens}}"#,
        header: None,
    },
    DefaultRequest {
        path: "/v1/completions",
        body: r#"{"model":"stub","stream":true,"prompt":"{prompt}""#,
        limit: r#","max_tokens":{output_tokens}"#,
        header: None,
    },
    DefaultRequest {
        path: "/v1/embeddings",
        body: r#"{"model":"stub","input":"{prompt}""#,
        limit: "",
        header: None,
    },
    DefaultRequest {
        path: "",
        body: r#"{"message":"{prompt}""#,
        limit: "",
        header: None,
    },
];

impl DefaultRequest {
    /// Returns the default request for `url`.
    pub fn of(url: &str) -> Self {
        let mut all = DEFAULTS.into_iter();
        let found = all.find(|default| url.contains(default.path));
        found.unwrap_or(DEFAULTS[DEFAULTS.len() - 1])
    }

    /// Returns the body. Without `prompts`, all requests are alike, so placeholders are filled in
    /// here, once. With `limited`, it limits the answer's length.
    pub fn body(&self, prompts: bool, limited: bool) -> String {
        let limit = if limited { self.limit } else { "" };
        let body = format!("{}{limit}}}", self.body);
        if prompts {
            return body;
        }
        body.replace("{messages}", r#"[{"role":"user","content":"hello"}]"#)
            .replace(
                "{contents}",
                r#"[{"role":"user","parts":[{"text":"hello"}]}]"#,
            )
            .replace("{prompt}", "hello")
            .replace("{output_tokens}", "128")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Template, Values};

    #[test]
    fn selects_the_api_by_the_path() {
        let body = |path: &str| {
            DefaultRequest::of(&format!("http://127.0.0.1:1{path}")).body(false, false)
        };
        assert!(body("/v1/chat/completions").contains(r#""messages":[{"role":"user""#));
        assert!(body("/v1/responses").contains(r#""input":[{"#));
        assert!(body("/v1/messages").contains(r#""max_tokens":128"#));
        assert!(body("/v1beta/models/g:streamGenerateContent?alt=sse").contains("contents"));
        assert_eq!(body("/chat"), r#"{"message":"hello"}"#);
        let header = DefaultRequest::of("http://h/v1/messages").header;
        assert!(header.unwrap().starts_with("anthropic-version"));
    }

    #[test]
    fn writes_json_with_and_without_placeholders() {
        for default in DEFAULTS {
            for (prompts, limited) in [(false, false), (false, true), (true, false), (true, true)] {
                let body = default.body(prompts, limited);
                let template = Template::parse(body.clone());
                assert_eq!(matches!(template, Template::Filled(_)), prompts, "{body}");
                let filled = template.fill(&Values::default());
                serde_json::from_slice::<serde_json::Value>(&filled).unwrap();
            }
        }
    }
}
