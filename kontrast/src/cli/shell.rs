//! `kontrast completions`, and the man pages of a package.

use super::Cli;
use crate::outcome::Outcome;
use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::{self, Write};
use std::path::PathBuf;

/// Arguments of `kontrast completions`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  kontrast completions bash > ~/.local/share/bash-completion/completions/kontrast
  kontrast completions fish > ~/.config/fish/completions/kontrast.fish")]
pub struct Completions {
    /// Complete in this shell.
    pub shell: Shell,
}

impl Completions {
    /// Executes the verb.
    pub fn execute(self) -> Result<Outcome> {
        // The generator panics if its writer fails, and a closed pipe is no reason to.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "kontrast", &mut script);
        io::stdout()
            .write_all(&script)
            .context("cannot print the completions")?;
        Ok(Outcome::Done)
    }
}

/// Arguments of `kontrast man-pages`.
#[derive(clap::Args)]
pub struct ManPages {
    /// Write one page per verb to this folder, which must exist.
    pub folder: PathBuf,
}

impl ManPages {
    /// Executes the verb.
    pub fn execute(self) -> Result<Outcome> {
        clap_mangen::generate_to(Cli::command(), &self.folder)
            .with_context(|| format!("cannot write the man pages to {}", self.folder.display()))?;
        Ok(Outcome::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_man_page_for_every_visible_verb() {
        let folder = tempfile::tempdir().unwrap();
        let pages = ManPages {
            folder: folder.path().into(),
        };
        pages.execute().unwrap();
        for verb in Cli::command().get_subcommands() {
            let page = folder
                .path()
                .join(format!("kontrast-{}.1", verb.get_name()));
            assert_eq!(page.is_file(), !verb.is_hide_set(), "{}", page.display());
        }
        let record = std::fs::read_to_string(folder.path().join("kontrast-record.1")).unwrap();
        assert!(record.contains(r"\fB\-\-duration\fR"), "{record}");
    }
}
