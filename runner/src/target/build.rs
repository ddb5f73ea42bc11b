//! Builds a target whose inputs have changed.

use super::{
    arm::{Arm, Folder, Source},
    error::{Context, Error, Result},
    inputs::{self, FOLDER},
    log::LogTail,
    sudo_user::SudoUser,
};
use indicatif::{HumanDuration, ProgressBar};
use std::{
    fs::{self, File},
    io::IsTerminal,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

impl Arm {
    /// Builds the server if its inputs changed since its last build; returns whether it did.
    ///
    /// The inputs are `target.toml`, the files beside it and `sources`, without those that git
    /// ignores. Progress goes to standard error. Under sudo the build runs as the user behind it.
    ///
    /// # Errors
    /// Fails if the command does, with the end of its output; or if the folder cannot be read or
    /// written.
    pub fn build(&self) -> Result<bool> {
        let Source::Folder(folder) = &self.source else {
            return Ok(false);
        };
        let Some(command) = &folder.manifest.build else {
            return Ok(false);
        };
        let user = SudoUser::detect()?;
        let _files = user.as_ref().map(SudoUser::files).transpose()?;
        let place = Place::prepare(&folder.path)?;
        // Of two runs that build one target, the second waits and finds it built.
        place
            .lock
            .lock()
            .doing(|| format!("locking {}", place.path.display()))?;
        let fingerprint = inputs::fingerprint(folder)?;
        if fs::read_to_string(place.stamp()).is_ok_and(|stamp| stamp == fingerprint)
            && has_program(folder)
        {
            return Ok(false);
        }
        // A build that fails half-way must not pass for the one before.
        remove(&place.stamp())?;
        run(self.name(), command, folder, &place, user.as_ref())?;
        fs::write(place.stamp(), fingerprint)
            .doing(|| format!("writing {}", place.stamp().display()))?;
        Ok(true)
    }
}

/// The build folder and the lock in it.
struct Place {
    path: PathBuf,
    lock: File,
}

impl Place {
    fn prepare(target: &Path) -> Result<Self> {
        let path = target.join(FOLDER);
        fs::create_dir_all(&path).doing(|| format!("creating {}", path.display()))?;
        let ignore = path.join(".gitignore");
        fs::write(&ignore, "*\n").doing(|| format!("writing {}", ignore.display()))?;
        let file = path.join("lock");
        let lock = File::create(&file).doing(|| format!("creating {}", file.display()))?;
        Ok(Self { path, lock })
    }

    fn stamp(&self) -> PathBuf {
        self.path.join("stamp")
    }

    fn log(&self) -> PathBuf {
        self.path.join("build.log")
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Whether the program exists that `run` names by a path; it may have been removed after the build.
fn has_program(folder: &Folder) -> bool {
    let program = folder
        .manifest
        .run
        .split_whitespace()
        .find(|word| *word != "exec")
        .unwrap_or_default();
    let is_path = program.contains('/') && !program.contains(['$', '{', '"', '\'']);
    !is_path || folder.path.join(program).exists()
}

fn run(
    arm: &str,
    command: &str,
    folder: &Folder,
    place: &Place,
    user: Option<&SudoUser>,
) -> Result<()> {
    let log = place.log();
    let output = File::create(&log).doing(|| format!("creating {}", log.display()))?;
    let errors = output
        .try_clone()
        .doing(|| format!("opening {}", log.display()))?;
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .current_dir(&folder.path)
        .envs(&folder.manifest.env);
    shell.stdin(Stdio::null()).stdout(output).stderr(errors);
    if let Some(user) = user {
        user.run_as(&mut shell);
    }
    let progress = Progress::start(arm, command);
    let status = shell.status().doing(|| "starting sh".to_owned())?;
    if !status.success() {
        return Err(failure(arm, command, status, &log));
    }
    progress.done(arm);
    Ok(())
}

fn failure(arm: &str, command: &str, status: ExitStatus, log: &Path) -> Error {
    let log = LogTail::read(log);
    let hint = missing_tool(log.text())
        .map(|hint| format!("\n{hint}"))
        .unwrap_or_default();
    let (arm, command) = (arm.to_owned(), command.to_owned());
    Error::Build {
        arm,
        status: status.to_string(),
        command,
        hint,
        log: Box::new(log),
    }
}

/// Returns how to install the tool that the shell did not find, if the build failed for that.
fn missing_tool(tail: &str) -> Option<String> {
    let line = tail.lines().find(|line| line.ends_with("not found"))?;
    let tool = line
        .split([':', ' '])
        .rfind(|word| !["", "not", "found", "command"].contains(word))?;
    let install = match tool {
        "go" => {
            "apt-get install golang-go (1.21 or later fetches the version that target.toml names), or https://go.dev/dl"
        }
        "npm" | "node" => "apt-get install npm, or https://nodejs.org/en/download",
        "cargo" => "https://rustup.rs",
        "g++" | "make" => "apt-get install g++ make",
        "python3" => "apt-get install python3 python3-venv",
        _ => "with your system's packages",
    };
    Some(format!(
        "'{tool}' is needed and was not found; install it: {install}"
    ))
}

/// Prints which arm is being built; on a terminal with the elapsed time.
struct Progress {
    started: Instant,
    bar: ProgressBar,
}

impl Progress {
    fn start(arm: &str, command: &str) -> Self {
        let text = format!("{arm}: building ({command})");
        if !std::io::stderr().is_terminal() {
            eprintln!("{text}");
        }
        let bar = ProgressBar::new_spinner().with_message(text);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            started: Instant::now(),
            bar,
        }
    }

    fn done(self, arm: &str) {
        self.bar.finish_and_clear();
        eprintln!("{arm}: built in {}", HumanDuration(self.started.elapsed()));
    }
}

#[cfg(test)]
mod tests;
