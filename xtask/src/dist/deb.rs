//! The Debian package, packed by Debian's own tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{VERSION, tree};
use crate::process;

const DESCRIPTION: &str = "eBPF profiler that explains why two servers differ in cost
 Kontrast records processes with eBPF and compares the recordings: which threads,
 system calls and functions use more CPU time and memory, and why.
 .
 The programs are static. The kernel must have BTF (/sys/kernel/btf/vmlinux).";

/// Packs the tree below `/usr`; `None` without `dpkg-deb`.
pub fn pack(files: &Path, out: &Path) -> Result<Option<PathBuf>> {
    if process::which("dpkg-deb").is_none() {
        return Ok(None);
    }
    let root = out.join("deb");
    if root.exists() {
        fs::remove_dir_all(&root).with_context(|| format!("cannot empty {}", root.display()))?;
    }
    fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
    let mut copy = Command::new("cp");
    process::run(copy.arg("--archive").arg(files).arg(root.join("usr")))?;
    let size = process::output(
        Command::new("du")
            .args(["-sk", "--apparent-size"])
            .arg(files),
    )
    .and_then(|text| text.split_whitespace().next()?.parse().ok())
    .context("cannot measure the size of the package with `du`")?;
    let architecture = architecture()?;
    tree::write(&root.join("DEBIAN/control"), &control(&architecture, size))?;
    let file = out.join(format!("kontrast_{VERSION}_{architecture}.deb"));
    let mut dpkg = Command::new("dpkg-deb");
    // xz takes far longer.
    dpkg.args(["--build", "--root-owner-group", "-Zgzip"])
        .arg(&root);
    process::run_quietly(dpkg.arg(&file))?;
    Ok(Some(file))
}

/// Returns Debian's name of this architecture: `amd64` or `arm64`.
fn architecture() -> Result<String> {
    process::output(Command::new("dpkg").arg("--print-architecture"))
        .context("cannot ask `dpkg` for the architecture")
}

fn control(architecture: &str, kilobytes: u64) -> String {
    format!(
        "Package: kontrast\nVersion: {VERSION}\nArchitecture: {architecture}\n\
         Maintainer: The Kontrast authors <kontrast@localhost>\nInstalled-Size: {kilobytes}\n\
         Section: admin\nPriority: optional\nDescription: {DESCRIPTION}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_the_package_in_the_form_of_debian() {
        let control = control("amd64", 7);
        for field in [
            "Package: kontrast",
            "Architecture: amd64",
            "Installed-Size: 7",
        ] {
            assert!(control.lines().any(|line| line == field), "{control}");
        }
        let (_, description) = control.split_once("Description: ").expect("a description");
        let more = description.lines().skip(1);
        assert!(more.clone().count() > 0 && more.clone().all(|line| line.starts_with(' ')));
        assert!(
            control.ends_with('\n'),
            "dpkg wants a last line with an end"
        );
    }
}
