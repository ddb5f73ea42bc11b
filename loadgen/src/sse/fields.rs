//! Fields of events whose meaning does not depend on other members: choices, candidates, usage.

use super::contents::{Chunk, Kind};
use super::json::Cursor;

/// Reads one of OpenAI's `choices`. Some servers send reasoning twice, as `reasoning` and as
/// `reasoning_content`: the first that is not empty counts.
pub fn choice<'a>(cursor: &mut Cursor<'a>, emit: &mut impl FnMut(Kind, &'a [u8])) -> Option<()> {
    cursor.object_or_skip(|cursor, key| match key {
        b"delta" => {
            let mut reasoned = false;
            cursor.object_or_skip(|cursor, key| match key {
                b"content" if cursor.peek()? == b'[' => {
                    cursor.array_or_skip(|cursor| part(cursor, emit))
                }
                b"content" | b"refusal" => cursor.text().map(|text| emit(Kind::Answer, text)),
                b"reasoning_content" | b"reasoning" => {
                    let text = cursor.text()?;
                    if !reasoned {
                        emit(Kind::Reasoning, text);
                    }
                    reasoned |= !text.is_empty();
                    Some(())
                }
                b"tool_calls" => cursor.array_or_skip(|cursor| {
                    cursor.object_or_skip(|cursor, key| match key {
                        b"function" => function(cursor, emit),
                        _ => cursor.skip(),
                    })
                }),
                b"function_call" => function(cursor, emit),
                _ => cursor.skip(),
            })
        }
        // The older completions API.
        b"text" => cursor.text().map(|text| emit(Kind::Answer, text)),
        _ => cursor.skip(),
    })
}

/// Reads a part of a `content` that is a list, as Mistral sends it.
fn part<'a>(cursor: &mut Cursor<'a>, emit: &mut impl FnMut(Kind, &'a [u8])) -> Option<()> {
    cursor.object_or_skip(|cursor, key| match key {
        b"text" => cursor.text().map(|text| emit(Kind::Answer, text)),
        b"thinking" => cursor.array_or_skip(|cursor| {
            cursor.object_or_skip(|cursor, key| match key {
                b"text" => cursor.text().map(|text| emit(Kind::Reasoning, text)),
                _ => cursor.skip(),
            })
        }),
        _ => cursor.skip(),
    })
}

fn function<'a>(cursor: &mut Cursor<'a>, emit: &mut impl FnMut(Kind, &'a [u8])) -> Option<()> {
    cursor.object_or_skip(|cursor, key| match key {
        b"name" | b"arguments" => cursor.text().map(|text| emit(Kind::ToolCall, text)),
        _ => cursor.skip(),
    })
}

/// Reads one of Gemini's `candidates`.
pub fn candidate<'a>(
    cursor: &mut Cursor<'a>,
    chunk: &mut Chunk,
    emit: &mut impl FnMut(Kind, &'a [u8]),
) -> Option<()> {
    cursor.object_or_skip(|cursor, key| match key {
        b"content" => cursor.object_or_skip(|cursor, key| match key {
            b"parts" => cursor.array_or_skip(|cursor| {
                let (mut text, mut thought, mut call): (&[u8], _, &[u8]) = (b"", false, b"");
                cursor.object_or_skip(|cursor, key| {
                    match key {
                        b"text" => text = cursor.text()?,
                        b"thought" => thought = cursor.is_set()?,
                        b"functionCall" => cursor.object_or_skip(|cursor, key| match key {
                            b"name" => cursor.text().map(|name| call = name),
                            _ => cursor.skip(),
                        })?,
                        _ => cursor.skip()?,
                    }
                    Some(())
                })?;
                emit([Kind::Answer, Kind::Reasoning][usize::from(thought)], text);
                emit(Kind::ToolCall, call);
                Some(())
            }),
            _ => cursor.skip(),
        }),
        b"finishReason" => cursor.is_set().map(|set| chunk.done |= set),
        _ => cursor.skip(),
    })
}

/// Reads `usage` of OpenAI and Anthropic, or `usageMetadata` of Gemini.
pub fn usage(cursor: &mut Cursor<'_>, chunk: &mut Chunk) -> Option<()> {
    if cursor.peek()? != b'{' {
        return cursor.skip();
    }
    let usage = chunk.usage.get_or_insert_default();
    let mut thoughts = 0;
    cursor.object(|cursor, key| {
        match key {
            b"prompt_tokens" | b"input_tokens" | b"promptTokenCount" => {
                usage.prompt = cursor.number()?;
            }
            b"completion_tokens" | b"output_tokens" | b"candidatesTokenCount" => {
                usage.completion = cursor.number()?;
            }
            b"thoughtsTokenCount" => thoughts = cursor.number()?,
            b"completion_tokens_details" | b"output_tokens_details" => {
                cursor.object_or_skip(|cursor, key| match key {
                    b"reasoning_tokens" => cursor.number().map(|count| usage.reasoning = count),
                    _ => cursor.skip(),
                })?;
            }
            _ => cursor.skip()?,
        }
        Some(())
    })?;
    // Gemini counts thoughts beside the candidates; the others count them within.
    if thoughts > 0 {
        usage.reasoning = thoughts;
        usage.completion += thoughts;
    }
    Some(())
}
