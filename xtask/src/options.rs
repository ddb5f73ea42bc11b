//! Commands that have a few options here and pass all others on.

use std::ffi::OsString;

use clap::Parser;

/// The words after a command, options included.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub struct Rest {
    /// Options of this command and of the program that it starts.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<OsString>,
}

/// Options that clap parses up to the first word that it does not know.
pub trait Known: Parser {
    /// The words from the first unknown one on.
    fn rest(&mut self) -> &mut Vec<OsString>;

    /// Parses the known options wherever they stand, and returns the other words in their order.
    /// Usage errors and `--help` end the program, as with [`Parser::parse`].
    ///
    /// # Errors
    /// Fails if a known option has no value or a wrong one.
    fn split(words: Vec<OsString>) -> Result<(Self, Vec<OsString>), clap::Error> {
        let program = || std::iter::once(OsString::from("xtask"));
        let mut known = Self::try_parse_from(program().chain(words))?;
        let mut passed = Vec::new();
        loop {
            let mut rest = std::mem::take(known.rest()).into_iter();
            let Some(unknown) = rest.next() else {
                return Ok((known, passed));
            };
            passed.push(unknown);
            known.try_update_from(program().chain(rest))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser)]
    struct Few {
        #[arg(long)]
        arms: Option<String>,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<OsString>,
    }

    impl Known for Few {
        fn rest(&mut self) -> &mut Vec<OsString> {
            &mut self.rest
        }
    }

    #[test]
    fn finds_known_options_between_others() {
        for line in [
            "--rounds 2 --arms go --quick",
            "--arms=go --rounds 2 --quick",
        ] {
            let words = line.split(' ').map(OsString::from).collect();
            let (few, passed) = Few::split(words).unwrap();
            assert_eq!(few.arms.as_deref(), Some("go"), "{line}");
            assert_eq!(passed, ["--rounds", "2", "--quick"], "{line}");
        }
    }

    #[test]
    fn rejects_a_known_option_without_a_value() {
        let words = ["--rounds", "2", "--arms"].map(OsString::from).into();
        assert!(Few::split(words).is_err());
    }
}
