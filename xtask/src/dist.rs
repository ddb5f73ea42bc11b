//! `cargo xtask dist`: a static binary, packed as a tarball and as a Debian package.

mod deb;
mod tree;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::setup::{self, Need};
use crate::{build, process, project};

/// The version that the packages bear.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Packages whose programs are packed.
const PROGRAMS: [&str; 3] = ["kontrast", "loadgen", "stub"];

/// The files that were made.
pub struct Packages {
    /// The programs, man pages and completions for any distribution.
    pub tarball: PathBuf,
    /// The same for Debian and its derivatives; `None` without `dpkg-deb`.
    pub deb: Option<PathBuf>,
}

/// Builds static programs and packs them below `target/packages`.
pub fn dist() -> Result<Packages> {
    setup::ensure(&[Need::Ebpf, Need::Static])?;
    build::kernel_side()?;
    let programs = build_programs()?;
    for program in PROGRAMS {
        require_static(&programs.join(program))?;
    }
    let out = project::target().join("packages");
    let tree = tree::plant(&programs, &out)?;
    let packages = Packages {
        tarball: tarball(&tree, &out)?,
        deb: deb::pack(&tree, &out)?,
    };
    println!("{}", project::short(&packages.tarball));
    match &packages.deb {
        Some(deb) => println!("{}", project::short(deb)),
        None => eprintln!("no .deb: there is no dpkg-deb here (on Debian: package dpkg)"),
    }
    Ok(packages)
}

/// Builds the programs for musl, and returns their folder.
pub fn build_programs() -> Result<PathBuf> {
    let target = project::static_target();
    let mut cargo = process::cargo();
    cargo
        .args(["build", "--profile=dist", "--target", &target])
        .args(PROGRAMS.map(|program| format!("--package={program}")));
    process::run(&mut cargo)?;
    Ok(project::target().join(target).join("dist"))
}

/// Fails if a program names an interpreter: a dynamic linker, which a foreign system may lack.
fn require_static(program: &Path) -> Result<()> {
    let headers = process::output(Command::new("readelf").arg("-lW").arg(program))
        .context("cannot read the program with `readelf` (package binutils)")?;
    if headers.contains("INTERP") {
        bail!("{} is not static", program.display());
    }
    Ok(())
}

/// Packs the tree with one top folder, `kontrast-VERSION-ARCH`.
fn tarball(tree: &Path, out: &Path) -> Result<PathBuf> {
    let name = format!("kontrast-{VERSION}-{}", std::env::consts::ARCH);
    let file = out.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args([
        "--create",
        "--gzip",
        "--owner=0",
        "--group=0",
        "--sort=name",
    ])
    .arg(format!("--transform=s,^\\.,{name},"))
    .arg("--file")
    .arg(&file)
    .arg("--directory")
    .arg(tree)
    .arg(".");
    process::run(&mut tar)?;
    Ok(file)
}
