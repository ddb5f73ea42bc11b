use super::*;
use std::net::TcpStream;

fn start(dir: &Path) -> Server {
    let installation = Installation::find().unwrap();
    let settings = ["-c", "fsync=off"];
    Server::start(&installation, &settings, &Log::file(&dir.join("log"))).unwrap()
}

fn serves(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn serves_new_databases_and_removes_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let (port, folder) = (server.port, server.folder.path().to_owned());
    assert!(serves(port));
    let url = server.create("one").unwrap();
    assert_eq!(url, server.url().replace("/postgres?", "/one?"));
    let error = server.create("one").unwrap_err().to_string();
    assert!(error.contains("already exists"), "{error}");
    drop(server);
    assert!(!serves(port) && !folder.exists());
    let log = fs::read_to_string(dir.path().join("log")).unwrap();
    assert!(log.contains("ready to accept connections"), "{log}");
}

#[test]
fn rejects_a_wrong_password() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(dir.path());
    server.password = "guessed".into();
    let error = server.create("one").unwrap_err().to_string();
    assert!(error.contains("password authentication failed"), "{error}");
}

#[test]
fn removes_the_folder_of_a_server_that_was_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(dir.path());
    let status = fs::read_to_string(server.folder.path().join("data/postmaster.pid")).unwrap();
    let pid: i32 = status.lines().next().unwrap().parse().unwrap();
    nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    assert!(server.shell.wait().unwrap().success());
    assert!(!server.folder.path().exists());
}

#[test]
fn reports_the_log_of_a_server_that_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation {
        programs: dir.path().join("none"),
        version: "0".into(),
    };
    let log = Log::file(&dir.path().join("log"));
    let error = Server::start(&installation, &[], &log).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("PostgreSQL did not start. "), "{text}");
    assert!(text.contains("none/initdb: not found"), "{text}");
}

#[test]
fn recognizes_the_status_that_means_ready() {
    let status = "71\n/data\n1795313595\n20001\n\n127.0.0.1\n 123 4\n";
    assert!(is_ready(&format!("{status}ready   \n")));
    assert!(!is_ready(&format!("{status}starting\n")));
    assert!(!is_ready(status) && !is_ready(""));
}
