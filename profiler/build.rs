//! Puts the eBPF object where `include_bytes!` finds it, as `env!("KONTRAST_BPF")`.
//!
//! Without the object the crate still builds: everything but `record` works then, and `record`
//! says what is missing. `cargo xtask build` compiles the object first.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-env-changed=KONTRAST_BPF_OBJECT");
    println!("cargo::rerun-if-changed=build.rs");
    let source = env::var_os("KONTRAST_BPF_OBJECT").map_or_else(built_by_xtask, PathBuf::from);
    println!("cargo::rerun-if-changed={}", source.display());
    let object = fs::read(&source).unwrap_or_else(|error| {
        println!(
            "cargo::warning=no eBPF programs embedded ({}: {error}): `cargo xtask build` makes them",
            source.display()
        );
        Vec::new()
    });
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let copy = out.join("kontrast-ebpf");
    fs::write(&copy, object).expect("OUT_DIR is writable");
    println!("cargo::rustc-env=KONTRAST_BPF={}", copy.display());
}

fn built_by_xtask() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    PathBuf::from(manifest).join("../.cache/ebpf/kontrast-ebpf")
}
