//! Generates JSON that a schema accepts, for structured answers and forced tool calls.

use serde_json::{Map, Value, json};

/// Nested schemas beyond this depth become `null`: a schema may refer to itself.
const MAX_DEPTH: u32 = 16;

/// Generates the smallest instance of a JSON schema. Without a schema it is an empty object.
pub fn instance(schema: &Value) -> Value {
    match schema {
        Value::Null => json!({}),
        schema => generate(schema, schema, MAX_DEPTH),
    }
}

fn generate(schema: &Value, root: &Value, depth: u32) -> Value {
    if depth == 0 {
        return Value::Null;
    }
    let nested = |schema: &Value| generate(schema, root, depth - 1);
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    for fixed in ["enum", "examples"] {
        if let Some(first) = schema[fixed].get(0) {
            return first.clone();
        }
    }
    if let Some(default) = schema.get("default") {
        return default.clone();
    }
    if let Some(path) = schema["$ref"].as_str() {
        let target = path.strip_prefix('#').and_then(|path| root.pointer(path));
        return target.map_or(Value::Null, nested);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(first) = schema[choice].get(0) {
            return nested(first);
        }
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().map(nested).fold(json!({}), merge);
    }
    match kind(schema).as_str() {
        "object" => object(schema, nested),
        "array" => {
            let least = schema["minItems"].as_u64().unwrap_or(1).min(64);
            (0..least).map(|_| nested(&schema["items"])).collect()
        }
        "string" => string(schema),
        "integer" => json!(lower_bound(schema).ceil() as i64),
        "number" => json!(lower_bound(schema)),
        "boolean" => json!(true),
        "null" => Value::Null,
        _ => json!({}),
    }
}

/// Returns the type of a schema in lower case: Google's schemas have `STRING` and `OBJECT`.
fn kind(schema: &Value) -> String {
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str() {
        Some(kind) => kind.to_ascii_lowercase(),
        None if schema["properties"].is_object() => "object".into(),
        None => String::new(),
    }
}

/// Generates the required properties, or all if the schema has no list of required ones.
fn object(schema: &Value, nested: impl Fn(&Value) -> Value) -> Value {
    let required = schema["required"].as_array();
    let is_required = |name: &str| match required {
        Some(names) => names.iter().any(|required| required == name),
        None => true,
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    let properties = properties.filter(|(name, _)| is_required(name));
    let values = properties.map(|(name, schema)| (name.clone(), nested(schema)));
    Value::Object(values.collect::<Map<_, _>>())
}

fn string(schema: &Value) -> Value {
    let text = match schema["format"].as_str() {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("email") => "user@example.com",
        Some("uri" | "url") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("ipv4") => "192.0.2.1",
        _ => "text",
    };
    let least = schema["minLength"].as_u64().unwrap_or_default().min(4096);
    let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
    let mut text = text.to_owned();
    while (text.len() as u64) < least {
        text.push('x');
    }
    text.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    text.into()
}

fn lower_bound(schema: &Value) -> f64 {
    let above = schema["exclusiveMinimum"].as_f64().map(|bound| bound + 1.0);
    let bound = schema["minimum"].as_f64().or(above);
    let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
    bound.unwrap_or_default().min(most)
}

fn merge(mut all: Value, one: Value) -> Value {
    match (all.as_object_mut(), one) {
        (Some(all), Value::Object(one)) => all.extend(one),
        (_, one) => return one,
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generates_required_properties() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"enum": ["celsius", "kelvin"]},
                "days": {"type": "integer", "minimum": 3},
                "tags": {"type": "array", "items": {"type": "string"}},
                "note": {"type": "string"},
            },
            "required": ["city", "unit", "days", "tags"],
        });
        let expected = json!({"city": "text", "unit": "celsius", "days": 3, "tags": ["text"]});
        assert_eq!(instance(&schema), expected);
    }

    #[test]
    fn follows_references_and_choices() {
        let schema = json!({
            "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
            "anyOf": [{"$ref": "#/$defs/node"}],
        });
        assert!(instance(&schema)["next"]["next"].is_object());
        let all = json!({"allOf": [
            {"type": "object", "properties": {"a": {"type": "boolean"}}},
            {"type": "OBJECT", "properties": {"b": {"type": "NUMBER"}}},
        ]});
        assert_eq!(instance(&all), json!({"a": true, "b": 0.0}));
        assert_eq!(instance(&Value::Null), json!({}));
    }

    #[test]
    fn keeps_bounds_of_strings_and_numbers() {
        let text = instance(&json!({"type": "string", "minLength": 6, "maxLength": 6}));
        assert_eq!(text, "textxx");
        assert_eq!(
            instance(&json!({"type": "integer", "exclusiveMinimum": 4})),
            5
        );
        assert_eq!(
            instance(&json!({"type": ["string", "null"], "maxLength": 2})),
            "te"
        );
    }
}
