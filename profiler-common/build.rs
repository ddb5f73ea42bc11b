//! Sets `kernel_arch`: the architecture of the kernel whose events the types describe.
//!
//! The target architecture of a BPF object is BPF, so the build host's architecture stands for that
//! of its kernel. `--cfg bpf_target_arch` names another, as it does for the crate aya-ebpf.

use std::env;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(kernel_arch, values(any()))");
    println!("cargo::rerun-if-changed=build.rs");
    let target = env::var("CARGO_CFG_TARGET_ARCH").expect("cargo sets CARGO_CFG_TARGET_ARCH");
    let kernel = if target == "bpf" {
        let host = || env::var("HOST").expect("cargo sets HOST");
        let kernel = env::var("CARGO_CFG_BPF_TARGET_ARCH").unwrap_or_else(|_| host());
        let arch = kernel
            .split('-')
            .next()
            .expect("a triple begins with its architecture");
        arch.to_owned()
    } else {
        target
    };
    println!("cargo::rustc-cfg=kernel_arch=\"{kernel}\"");
}
