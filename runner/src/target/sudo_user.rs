//! Who called sudo: eBPF needs root, but neither building nor serving does.

use super::error::{Context, Error, Result};
use nix::unistd::{Gid, Uid, User, getegid, geteuid, setfsgid, setfsuid};
use std::{marker::PhantomData, os::unix::process::CommandExt, path::PathBuf, process::Command};

/// The user behind sudo.
pub struct SudoUser {
    uid: u32,
    gid: u32,
    login: Option<(String, PathBuf)>,
}

impl SudoUser {
    /// The user who called sudo, if this is root by sudo.
    pub fn detect() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let variable = |name| std::env::var(name).ok();
        let Some((uid, gid)) = ids(
            variable("SUDO_UID").as_deref(),
            variable("SUDO_GID").as_deref(),
        )?
        else {
            return Ok(None);
        };
        let user = User::from_uid(Uid::from_raw(uid)).doing(|| format!("looking up user {uid}"))?;
        Ok(Some(Self {
            uid,
            gid,
            login: user.map(|user| (user.name, user.dir)),
        }))
    }

    /// Its user and group id.
    pub fn ids(&self) -> (u32, u32) {
        (self.uid, self.gid)
    }

    /// Lets `command` run as that user. Supplementary groups are dropped by the standard library.
    pub fn run_as(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
        if let Some((name, home)) = &self.login {
            command
                .env("HOME", home)
                .env("USER", name)
                .env("LOGNAME", name);
        }
    }

    /// Reads and writes files as that user until the guard is dropped: a link in their folder leads no further than
    /// they could go themselves, and what is written is theirs.
    pub fn files(&self) -> Result<Files> {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        setfsgid(gid);
        setfsuid(uid);
        // Neither call can fail aloud; one with an id that cannot be only tells what is set.
        let guard = Files(PhantomData);
        if setfsuid(Uid::from_raw(u32::MAX)) == uid && setfsgid(Gid::from_raw(u32::MAX)) == gid {
            return Ok(guard);
        }
        Err(std::io::Error::from(std::io::ErrorKind::PermissionDenied))
            .doing(|| format!("handling files as user {}", self.uid))
    }
}

/// As long as it lives, this thread handles files as that user. It must not leave its thread.
pub struct Files(PhantomData<*const ()>);

impl Drop for Files {
    fn drop(&mut self) {
        setfsuid(geteuid());
        setfsgid(getegid());
    }
}

/// User and group id from sudo's variables; root calling sudo is no one to drop to.
fn ids(uid: Option<&str>, gid: Option<&str>) -> Result<Option<(u32, u32)>> {
    let Some(uid) = uid else { return Ok(None) };
    let number = |variable, value: &str| {
        value.parse::<u32>().map_err(|_| Error::SudoUser {
            variable,
            value: value.escape_debug().to_string(),
        })
    };
    let uid = number("SUDO_UID", uid)?;
    let gid = gid.map_or(Ok(uid), |gid| number("SUDO_GID", gid))?;
    Ok((uid != 0).then_some((uid, gid)))
}

#[cfg(test)]
mod tests {
    use super::{super::testing::Scratch, ids};
    use nix::unistd::geteuid;
    use std::{
        fs::{self, Permissions},
        os::unix::fs::{MetadataExt, PermissionsExt, symlink},
        process::Command,
    };

    #[test]
    fn sudo_names_its_caller() {
        assert_eq!(ids(Some("1000"), Some("100")).unwrap(), Some((1000, 100)));
        assert_eq!(ids(Some("1000"), None).unwrap(), Some((1000, 1000)));
    }

    #[test]
    fn root_itself_stays_root() {
        assert_eq!(ids(None, None).unwrap(), None);
        assert_eq!(ids(Some("0"), Some("0")).unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused_rather_than_taken_for_root() {
        let uid = ids(Some("\u{1b}"), None).unwrap_err().to_string();
        assert!(uid.starts_with("SUDO_UID='\\u{1b}'"), "{uid}");
        let gid = ids(Some("1"), Some("x")).unwrap_err().to_string();
        assert!(gid.starts_with("SUDO_GID='x'"), "{gid}");
    }

    /// Only root can become someone else, so without root there is nothing to see here.
    #[test]
    fn under_sudo_neither_build_nor_server_is_root() {
        if !geteuid().is_root() {
            return;
        }
        let mut tests = Command::new(std::env::current_exe().unwrap());
        tests.args([
            "--exact",
            "target::sudo_user::tests::as_if_by_sudo",
            "--ignored",
        ]);
        let output = tests
            .env("SUDO_UID", "65534")
            .env("SUDO_GID", "65534")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }

    #[test]
    #[ignore = "the test above runs it with sudo's variables"]
    fn as_if_by_sudo() {
        // Started by hand, there is no one to become.
        if std::env::var_os("SUDO_UID").is_none() || !geteuid().is_root() {
            return;
        }
        let scratch = Scratch::new("build = 'id -u > uid'\nrun = 'id -u; exit 1'");
        fs::set_permissions(scratch.path(""), Permissions::from_mode(0o777)).unwrap();
        assert!(scratch.arm("").build().unwrap());
        assert_eq!(scratch.read("uid"), "65534\n");
        for name in [".build", ".build/lock", ".build/build.log", ".build/stamp"] {
            assert_eq!(
                fs::metadata(scratch.path(name)).unwrap().uid(),
                65534,
                "{name}"
            );
        }
        let error = scratch.start_error().to_string();
        assert!(error.ends_with("\n  65534"), "{error}");
        links_lead_nowhere(&scratch);
    }

    /// A folder from elsewhere may hold a link to what only root may write.
    fn links_lead_nowhere(scratch: &Scratch) {
        let precious = Scratch::new("");
        precious.write("file", "precious");
        fs::remove_file(scratch.path(".build/stamp")).unwrap();
        fs::remove_file(scratch.path(".build/build.log")).unwrap();
        symlink(precious.path("file"), scratch.path(".build/build.log")).unwrap();
        assert!(scratch.arm("").build().is_err());
        assert_eq!(precious.read("file"), "precious");
    }
}
