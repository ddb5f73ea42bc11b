//! OpenAI's embeddings API, with generated vectors.

use super::{error::ApiError, params::Params};
use base64::{Engine, prelude::BASE64_STANDARD};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Length of a vector if the request gives none: that of OpenAI's small model.
const DEFAULT_DIMENSIONS: u32 = 1536;

/// The most inputs of a request, and the most dimensions of a vector.
const MAX_INPUTS: usize = 2048;
const MAX_DIMENSIONS: u32 = 8192;

/// A request for embeddings.
#[derive(Debug)]
pub struct Embeddings {
    /// Requested model.
    pub model: String,
    /// Texts, or token numbers as JSON text.
    inputs: Vec<String>,
    base64: bool,
    dimensions: usize,
}

impl Embeddings {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// If the body is not JSON, or a parameter is missing, unknown, of the wrong type or out of
    /// range.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut params = Params::parse(body)?;
        let model = params.required_string("model")?;
        let input = params.required("input")?;
        let inputs = inputs(&input).ok_or_else(|| {
            let message = "'input' must be a text, a list of tokens, or a list of either.";
            params.invalid("input", message)
        })?;
        if inputs.is_empty() || inputs.len() > MAX_INPUTS || inputs.iter().any(String::is_empty) {
            let message = format!("'input' takes 1 to {MAX_INPUTS} texts, none of them empty.");
            return Err(params.invalid("input", message));
        }
        let format = params.choice("encoding_format", &["float", "base64"])?;
        let dimensions = params
            .token_limit("dimensions")?
            .unwrap_or(DEFAULT_DIMENSIONS);
        if dimensions > MAX_DIMENSIONS {
            let message = format!("'dimensions' must be at most {MAX_DIMENSIONS}.");
            return Err(params.invalid("dimensions", message));
        }
        params.accept(&["user"]);
        params.finish()?;
        Ok(Self {
            model,
            inputs,
            base64: format.as_deref() == Some("base64"),
            dimensions: dimensions as usize,
        })
    }

    /// Builds the body of the response. The same input always has the same vector.
    pub fn body(&self) -> Value {
        let data = self.inputs.iter().enumerate().map(|(index, input)| {
            let vector = vector(input, self.dimensions);
            let embedding = match self.base64 {
                false => json!(vector),
                true => {
                    let bytes: Vec<u8> = vector.iter().flat_map(|n| n.to_le_bytes()).collect();
                    json!(BASE64_STANDARD.encode(bytes))
                }
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        });
        let bytes: u64 = self.inputs.iter().map(|input| input.len() as u64).sum();
        let tokens = bytes.div_ceil(4).max(1);
        json!({
            "object": "list",
            "data": data.collect::<Vec<_>>(),
            "model": self.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        })
    }
}

/// Returns the inputs of a request, or `None` if the type is wrong.
fn inputs(input: &Value) -> Option<Vec<String>> {
    let is_tokens = |values: &[Value]| values.iter().all(Value::is_u64) && !values.is_empty();
    match input {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(values) if is_tokens(values) => Some(vec![input.to_string()]),
        Value::Array(values) => {
            let one = |value: &Value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Array(tokens) if is_tokens(tokens) => Some(value.to_string()),
                _ => None,
            };
            values.iter().map(one).collect()
        }
        _ => None,
    }
}

/// Returns a vector of length 1, seeded by the input.
fn vector(input: &str, dimensions: usize) -> Vec<f32> {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let mut rng = SmallRng::seed_from_u64(hasher.finish());
    let vector: Vec<f32> = (0..dimensions)
        .map(|_| rng.random_range(-1.0..1.0))
        .collect();
    let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
    vector
        .into_iter()
        .map(|n| n / length.max(f32::MIN_POSITIVE))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(request: Value) -> Result<Value, ApiError> {
        Embeddings::parse(request.to_string().as_bytes()).map(|request| request.body())
    }

    #[test]
    fn gives_equal_inputs_equal_unit_vectors() {
        let answer = body(json!({"model": "m", "input": ["a", "b", "a"]})).unwrap();
        let data = answer["data"].as_array().unwrap();
        assert_eq!(data[0]["embedding"], data[2]["embedding"]);
        assert_ne!(data[0]["embedding"], data[1]["embedding"]);
        let vector = data[0]["embedding"].as_array().unwrap();
        assert_eq!(vector.len(), 1536);
        let length: f64 = vector.iter().map(|n| n.as_f64().unwrap().powi(2)).sum();
        assert!((length - 1.0).abs() < 1e-3, "{length}");
    }

    #[test]
    fn encodes_base64_like_floats() {
        let request = |format: &str| json!({"model": "m", "input": [1, 2], "dimensions": 3, "encoding_format": format});
        let floats = body(request("float")).unwrap()["data"][0]["embedding"].clone();
        let text = body(request("base64")).unwrap()["data"][0]["embedding"].clone();
        let bytes = BASE64_STANDARD.decode(text.as_str().unwrap()).unwrap();
        let decoded: Vec<f32> = bytes
            .chunks(4)
            .map(|n| f32::from_le_bytes(n.try_into().unwrap()))
            .collect();
        assert_eq!(json!(decoded), floats);
    }

    #[test]
    fn rejects_bad_requests_for_embeddings() {
        for (request, param) in [
            (json!({"input": "a"}), "model"),
            (json!({"model": "m"}), "input"),
            (json!({"model": "m", "input": ""}), "input"),
            (json!({"model": "m", "input": []}), "input"),
            (json!({"model": "m", "input": [true]}), "input"),
            (
                json!({"model": "m", "input": "a", "dimensions": 0}),
                "dimensions",
            ),
            (
                json!({"model": "m", "input": "a", "encoding_format": "hex"}),
                "encoding_format",
            ),
            (
                json!({"model": "m", "input": "a", "stream": true}),
                "stream",
            ),
        ] {
            let error = body(request.clone()).unwrap_err();
            assert_eq!(error.param.as_deref(), Some(param), "{request}");
        }
    }
}
