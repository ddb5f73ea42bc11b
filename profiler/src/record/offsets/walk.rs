//! Looks fields and functions up in BTF.

use anyhow::{Result, bail};
use btf_rs::{Btf, Type};

/// Returns the offset in bits of a field, through nested structures.
pub(super) fn offset(btf: &Btf, structure: &str, fields: &[&str]) -> Option<u64> {
    let types = btf.resolve_types_by_name(structure).ok()?;
    types
        .iter()
        .find_map(|kind| nested(btf, kind, fields))
        .map(u64::from)
}

/// Returns the offset in bits of a field, through unnamed members too.
fn nested(btf: &Btf, kind: &Type, fields: &[&str]) -> Option<u32> {
    let (Type::Struct(kind) | Type::Union(kind)) = kind else {
        return None;
    };
    kind.members.iter().find_map(|member| {
        let name = btf.resolve_name(member).unwrap_or_default();
        let (field, index) = indexed(fields[0]);
        let rest = if name.is_empty() {
            fields
        } else if name == field {
            &fields[1..]
        } else {
            return None;
        };
        if rest.is_empty() {
            return Some(member.bit_offset() + index * u64::BITS);
        }
        let inner = btf.resolve_chained_type(member).ok()?;
        nested(btf, &inner, rest).map(|bits| bits + member.bit_offset())
    })
}

/// Divides `regs[2]`, the third of an array of words, into name and index.
fn indexed(field: &str) -> (&str, u32) {
    let array = field.strip_suffix(']').and_then(|field| {
        let (name, index) = field.split_once('[')?;
        Some((name, index.parse().ok()?))
    });
    array.unwrap_or((field, 0))
}

/// Returns the number of parameters of a tracepoint's function type, its private data included.
pub(super) fn parameters(btf: &Btf, typedef: &str) -> Result<usize> {
    for kind in btf.resolve_types_by_name(typedef)? {
        let Type::Typedef(typedef) = kind else {
            continue;
        };
        if let Type::Ptr(pointer) = btf.resolve_chained_type(&typedef)?
            && let Type::FuncProto(function) = btf.resolve_chained_type(&pointer)?
        {
            return Ok(function.parameters.len());
        }
    }
    bail!("this kernel's BTF has no {typedef}")
}

/// Returns the number of parameters of a function.
pub(super) fn function_parameters(btf: &Btf, name: &str) -> Option<u8> {
    let types = btf.resolve_types_by_name(name).ok()?;
    types.iter().find_map(|kind| {
        let Type::Func(function) = kind else {
            return None;
        };
        match btf.resolve_chained_type(function).ok()? {
            Type::FuncProto(proto) => u8::try_from(proto.parameters.len()).ok(),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_index_of_an_array() {
        assert_eq!(indexed("regs[29]"), ("regs", 29));
        assert_eq!(indexed("sp"), ("sp", 0));
    }
}
