//! The user behind sudo: recording needs root, but neither building nor serving does.

use super::error::{Context, Error, Result};
use nix::unistd::{
    Gid, Uid, User, chown, getegid, geteuid, getgrouplist, setfsgid, setfsuid, setgroups, setuid,
};
use std::{
    ffi::CString,
    marker::PhantomData,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

/// The user behind sudo.
pub struct SudoUser {
    uid: u32,
    gid: u32,
    login: Option<(String, PathBuf)>,
    /// Supplementary groups, the primary one included.
    groups: Vec<Gid>,
}

impl SudoUser {
    /// Returns the user who called sudo, if this process is root's by sudo.
    ///
    /// # Errors
    /// Fails if sudo's variables are invalid.
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
        let login = user.map(|user| (user.name, user.dir));
        Ok(Some(Self {
            uid,
            gid,
            groups: groups(login.as_ref().map(|(name, _)| name.as_str()), gid)?,
            login,
        }))
    }

    /// Makes that user the owner of a file or folder.
    ///
    /// # Errors
    /// Fails if the system refuses it.
    pub fn own(&self, path: &Path) -> Result<()> {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        chown(path, Some(uid), Some(gid))
            .map_err(std::io::Error::from)
            .doing(|| format!("changing the owner of {}", path.display()))
    }

    /// Lets `command` run as that user, in all of the user's groups.
    pub fn run_as(&self, command: &mut Command) {
        // The standard library would drop supplementary groups together with root's id.
        command.gid(self.gid);
        let (uid, groups) = (Uid::from_raw(self.uid), self.groups.clone());
        let become_user = move || {
            setgroups(&groups)?;
            setuid(uid)?;
            Ok(())
        };
        #[expect(
            unsafe_code,
            reason = "between fork and exec only some calls are allowed"
        )]
        // SAFETY: `become_user` makes two system calls, which allocate nothing.
        unsafe {
            command.pre_exec(become_user);
        }
        if let Some((name, home)) = &self.login {
            command
                .env("HOME", home)
                .env("USER", name)
                .env("LOGNAME", name);
        }
    }

    /// Reads and writes files as that user until the guard is dropped. A link in a folder of theirs
    /// then leads only to files that they can access, and new files are theirs.
    ///
    /// # Errors
    /// Fails if the system refuses it.
    pub fn files(&self) -> Result<Files> {
        let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
        setfsgid(gid);
        setfsuid(uid);
        // Neither call reports failure. A call with an invalid id returns the current one.
        let guard = Files(PhantomData);
        if setfsuid(Uid::from_raw(u32::MAX)) == uid && setfsgid(Gid::from_raw(u32::MAX)) == gid {
            return Ok(guard);
        }
        Err(std::io::Error::from(std::io::ErrorKind::PermissionDenied))
            .doing(|| format!("handling files as user {}", self.uid))
    }
}

/// As long as it lives, this thread accesses files as that user. It must not leave its thread.
pub struct Files(PhantomData<*const ()>);

impl Drop for Files {
    fn drop(&mut self) {
        setfsuid(geteuid());
        setfsgid(getegid());
    }
}

/// Returns the groups of a user, as a login gives them.
fn groups(name: Option<&str>, gid: u32) -> Result<Vec<Gid>> {
    let primary = Gid::from_raw(gid);
    let Some(name) = name.and_then(|name| CString::new(name).ok()) else {
        return Ok(vec![primary]);
    };
    getgrouplist(&name, primary)
        .map_err(std::io::Error::from)
        .doing(|| format!("looking up the groups of {}", name.to_string_lossy()))
}

/// Parses sudo's variables; `None` for root calling sudo.
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
    fn reads_the_user_from_the_variables_of_sudo() {
        assert_eq!(ids(Some("1000"), Some("100")).unwrap(), Some((1000, 100)));
        assert_eq!(ids(Some("1000"), None).unwrap(), Some((1000, 1000)));
    }

    #[test]
    fn keeps_root_without_sudo() {
        assert_eq!(ids(None, None).unwrap(), None);
        assert_eq!(ids(Some("0"), Some("0")).unwrap(), None);
    }

    #[test]
    fn rejects_invalid_ids() {
        let uid = ids(Some("\u{1b}"), None).unwrap_err().to_string();
        assert!(uid.starts_with("SUDO_UID='\\u{1b}'"), "{uid}");
        let gid = ids(Some("1"), Some("x")).unwrap_err().to_string();
        assert!(gid.starts_with("SUDO_GID='x'"), "{gid}");
    }

    /// Only root can become another user, so without root this checks nothing.
    #[test]
    fn runs_build_and_server_as_the_user_behind_sudo() {
        if !geteuid().is_root() {
            return;
        }
        let mut tests = Command::new(std::env::current_exe().unwrap());
        tests.args([
            "--exact",
            "target::sudo_user::tests::acts_as_called_by_sudo",
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
    fn acts_as_called_by_sudo() {
        // Started by hand, without sudo's variables, it checks nothing.
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
        assert_links_are_not_followed(&scratch);
    }

    /// A foreign folder may contain a link to a file that only root can write.
    fn assert_links_are_not_followed(scratch: &Scratch) {
        let precious = Scratch::new("");
        precious.write("file", "precious");
        fs::remove_file(scratch.path(".build/stamp")).unwrap();
        fs::remove_file(scratch.path(".build/build.log")).unwrap();
        symlink(precious.path("file"), scratch.path(".build/build.log")).unwrap();
        assert!(scratch.arm("").build().is_err());
        assert_eq!(precious.read("file"), "precious");
    }
}
