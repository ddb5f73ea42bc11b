//! Bounds of recorded numbers. Sums of numbers within them fit into 64 bits.

use serde_json::{Number, Value};

/// Largest number of a recording: 36 years in nanoseconds, an exbibyte. Sums over threads stay
/// below it, as the time that ten thousand threads sleep in a day.
const LARGEST: u64 = 1 << 60;
/// Largest sum of all numbers of recordings that are added up: no sum of several overflows.
const LARGEST_SUM: u128 = 1 << 63;
/// Nanoseconds since 1970, which nothing is added to.
const INSTANT: &str = "start_unix_ns";
const LARGEST_INSTANT: u64 = 1 << 62;

/// Rejects a document with a number that no measurement reaches. Adds its numbers to `sum`.
///
/// # Errors
/// Returns the path of the number, also of the one that makes the sum too large.
pub fn check(document: &Value, sum: &mut u128) -> Result<(), String> {
    walk(document, LARGEST, sum).map_err(|Excess { path, what }| format!("{path} {what}"))
}

/// A number beyond its bound.
struct Excess {
    path: String,
    what: String,
}

fn walk(value: &Value, largest: u64, sum: &mut u128) -> Result<(), Excess> {
    match value {
        Value::Number(number) => add(number, largest, sum).map_err(|what| Excess {
            path: String::new(),
            what,
        }),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(at, item)| {
            walk(item, largest, sum).map_err(|excess| excess.within(&at.to_string()))
        }),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            let walked = match name == INSTANT {
                true => walk(field, LARGEST_INSTANT, &mut 0),
                false => walk(field, largest, sum),
            };
            walked.map_err(|excess| excess.within(name))
        }),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

impl Excess {
    fn within(mut self, name: &str) -> Self {
        self.path.insert_str(0, &format!("/{name}"));
        self
    }
}

fn add(number: &Number, largest: u64, sum: &mut u128) -> Result<(), String> {
    // Beyond 64 bits the number is a float, and so is a fraction.
    let size = match (number.as_u64(), number.as_f64()) {
        (Some(size), _) => u128::from(size),
        // Casts saturate.
        (None, Some(size)) => size.abs() as u128,
        (None, None) => u128::MAX,
    };
    if size > largest.into() {
        return Err(format!("is {number}, more than can be measured"));
    }
    *sum += size;
    match *sum > LARGEST_SUM {
        true => Err("makes the sum of all numbers larger than can be measured".into()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_a_number_that_is_too_large() {
        for wrong in [
            json!(u64::MAX),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(1e308),
            json!(LARGEST + 1),
        ] {
            let document = json!({"threads": [{}, {"on_cpu_ns": wrong}]});
            let error = check(&document, &mut 0).expect_err("too large");
            assert!(error.starts_with("/threads/1/on_cpu_ns is "), "{error}");
        }
        let within = json!({"on_cpu_ns": LARGEST, "growth": -3, "share": 0.5});
        check(&within, &mut 0).expect("within");
    }

    #[test]
    fn rejects_numbers_whose_sum_is_too_large() {
        let document = json!({"series": [LARGEST, LARGEST, LARGEST]});
        let mut sum = 0;
        check(&document, &mut sum).expect("within");
        check(&document, &mut sum).expect("within");
        let error = check(&document, &mut sum).expect_err("too large");
        assert!(error.starts_with("/series/2 makes the sum"), "{error}");
    }

    #[test]
    fn accepts_instants() {
        let now = 1_795_981_266_000_000_000_u64;
        let starts =
            json!([{"start_unix_ns": now}, {"start_unix_ns": now}, {"start_unix_ns": now}]);
        check(&starts, &mut 0).expect("instants are no sums");
        assert!(check(&json!({"start_unix_ns": u64::MAX}), &mut 0).is_err());
    }
}
