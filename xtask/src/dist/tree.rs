//! The files of a package, laid out as below `/usr`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, project};

/// Where each shell looks for completions.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/kontrast"),
    ("zsh", "share/zsh/site-functions/_kontrast"),
    ("fish", "share/fish/vendor_completions.d/kontrast.fish"),
];
/// Files of the repository, and their places.
const FILES: [(&str, &str); 5] = [
    (
        "xtask/kontrast@.service",
        "lib/systemd/system/kontrast@.service",
    ),
    ("README.md", "share/doc/kontrast/README.md"),
    ("CHANGELOG.md", "share/doc/kontrast/CHANGELOG.md"),
    ("LICENSE-MIT", "share/doc/kontrast/LICENSE-MIT"),
    ("LICENSE-APACHE", "share/doc/kontrast/LICENSE-APACHE"),
];

/// Lays out a new tree from built programs, and returns its folder.
pub fn plant(programs: &Path, out: &Path) -> Result<PathBuf> {
    let tree = out.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree).with_context(|| format!("cannot empty {}", tree.display()))?;
    }
    copy(
        &programs.join("kontrast"),
        &tree.join("bin/kontrast"),
        0o755,
    )?;
    for program in ["loadgen", "stub"] {
        let to = tree.join("libexec/kontrast").join(program);
        copy(&programs.join(program), &to, 0o755)?;
    }
    for (file, place) in FILES {
        copy(&project::root().join(file), &tree.join(place), 0o644)?;
    }
    generate(&tree)?;
    Ok(tree)
}

/// Lets the packed program write its man pages and completions.
fn generate(tree: &Path) -> Result<()> {
    let kontrast = tree.join("bin/kontrast");
    let pages = tree.join("share/man/man1");
    create(&pages)?;
    process::run(Command::new(&kontrast).arg("man-pages").arg(&pages))?;
    for (shell, place) in COMPLETIONS {
        let script = process::output(Command::new(&kontrast).args(["completions", shell]))
            .with_context(|| format!("the packed program writes no completions for {shell}"))?;
        write(&tree.join(place), &(script + "\n"))?;
    }
    Ok(())
}

/// Writes a text file and the folders above it.
pub fn write(file: &Path, text: &str) -> Result<()> {
    create(file.parent().unwrap_or(file))?;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    allow(file, 0o644)
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    create(to.parent().unwrap_or(to))?;
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    allow(to, mode)
}

/// Sets permissions, which the package keeps. This user's umask must not change them.
fn allow(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot change the permissions of {}", path.display()))
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}
