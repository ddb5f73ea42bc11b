//! Stream formats of model APIs, and the option that selects one.

/// Stream format of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenAI chat completions: `choices[].delta`, ended by `[DONE]`.
    OpenAiChat,
    /// OpenAI Responses: events typed `response.*`, ended by `response.completed`.
    OpenAiResponses,
    /// Anthropic messages: `content_block_delta`, ended by `message_stop`.
    Anthropic,
    /// Gemini `streamGenerateContent`: `candidates[].content.parts[]`, ended by `finishReason`.
    Gemini,
    /// UI message stream of the AI SDK: `text-delta`, ended by `finish` and `[DONE]`.
    AiSdk,
    /// Ollama: `message.content` or `response`, ended by `"done": true`.
    Ollama,
    /// `{"content": "…"}`, ended by `[DONE]`.
    Content,
}

impl Format {
    /// Returns the name of the event that ends a stream of this format.
    pub fn end_mark(self) -> &'static str {
        match self {
            Self::OpenAiChat | Self::Content | Self::AiSdk => "[DONE]",
            Self::OpenAiResponses => "response.completed",
            Self::Anthropic => "message_stop",
            Self::Gemini => "finishReason",
            Self::Ollama => "\"done\": true",
        }
    }
}

/// Stream format that `--format` selects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "kebab-case")]
pub enum Selection {
    /// Recognise each event by its content
    #[default]
    Auto,
    /// OpenAI chat completions (choices[].delta)
    #[value(name = "openai-chat")]
    OpenAiChat,
    /// OpenAI Responses (response.output_text.delta)
    #[value(name = "openai-responses")]
    OpenAiResponses,
    /// Anthropic messages (content_block_delta)
    Anthropic,
    /// Gemini streamGenerateContent (candidates[].content.parts[])
    Gemini,
    /// AI SDK UI message stream (text-delta)
    AiSdk,
    /// Ollama (message.content or response, one JSON object a line)
    Ollama,
    /// One JSON object a line, each recognised by its content
    Ndjson,
    /// {"content": "…"}
    Content,
}

impl Selection {
    /// Returns whether events of `format` are to be read.
    pub fn admits(self, format: Format) -> bool {
        match self {
            Self::Auto | Self::Ndjson => true,
            Self::OpenAiChat => format == Format::OpenAiChat,
            Self::OpenAiResponses => format == Format::OpenAiResponses,
            Self::Anthropic => format == Format::Anthropic,
            Self::Gemini => format == Format::Gemini,
            Self::AiSdk => format == Format::AiSdk,
            Self::Ollama => format == Format::Ollama,
            Self::Content => format == Format::Content,
        }
    }
}
