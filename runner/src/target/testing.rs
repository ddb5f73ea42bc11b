//! Folders and servers for the tests of this module.

use super::{Arm, Error, StartOptions};
use std::{
    fs,
    io::Write,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    time::Duration,
};
use tempfile::TempDir;

/// A folder with a `target.toml` that names the target `t`.
pub(super) struct Scratch(TempDir);

impl Scratch {
    /// Creates one with lines of TOML besides name, runtime and version.
    pub fn new(lines: &str) -> Self {
        let scratch = Self(TempDir::new().unwrap());
        scratch.write(
            "target.toml",
            &format!("name = 't'\nruntime = 'go'\nversion = '1'\n{lines}\n"),
        );
        scratch
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Returns the arm of the folder, with `:VARIANT` if that is given.
    pub fn arm(&self, variant: &str) -> Arm {
        let spec = format!("{}{variant}", self.0.path().display());
        Arm::resolve(&spec, &self.path("none")).unwrap()
    }

    pub fn options(&self) -> StartOptions {
        StartOptions::new("http://127.0.0.1:9/", self.path("server.log"))
    }

    /// Starts the arm, which must fail.
    pub fn start_error(&self) -> Error {
        self.arm("")
            .start(&self.options())
            .expect_err("it should not start")
    }
}

/// Returns a command that runs [`serves_other_tests`] below, a server that exists wherever the
/// tests do.
pub(super) fn server_command() -> String {
    let tests = std::env::current_exe().unwrap();
    format!(
        "{} --exact target::testing::serves_other_tests --ignored --nocapture",
        tests.display()
    )
}

#[test]
#[ignore = "this is the server that other tests start"]
fn serves_other_tests() {
    // Started by hand, without a port, it serves nothing.
    let Some(port) = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse::<u16>().ok())
    else {
        return;
    };
    println!(
        "UPSTREAM={} COLOR={:?}",
        std::env::var("UPSTREAM").unwrap(),
        std::env::var("COLOR")
    );
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    // It ends after a minute if no test ends it.
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(60));
        std::process::exit(1)
    });
    for mut stream in listener.incoming().flatten() {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    }
}
