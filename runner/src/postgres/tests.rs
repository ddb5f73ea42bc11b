use super::*;
use std::net::TcpStream;

fn start(log: &Path) -> Server {
    Server::start(
        &Installation::find().unwrap(),
        &["-c", "fsync=off"],
        None,
        log,
    )
    .unwrap()
}

fn serves(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn it_serves_new_databases_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(&dir.path().join("log"));
    let (port, folder) = (server.port, server.folder.path().to_owned());
    assert!(serves(port));
    let url = server.create("one").unwrap();
    assert_eq!(url, server.url().replace("/postgres?", "/one?"));
    let error = server.create("one").unwrap_err().to_string();
    assert!(error.contains("already exists"), "{error}");
    drop(server);
    assert!(!serves(port) && !folder.exists());
}

#[test]
fn a_stranger_needs_the_password() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(&dir.path().join("log"));
    server.password = "guessed".into();
    let error = server.create("one").unwrap_err().to_string();
    assert!(error.contains("password authentication failed"), "{error}");
}

#[test]
fn a_server_that_dies_leaves_nothing_either() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(&dir.path().join("log"));
    let status = fs::read_to_string(server.folder.path().join("data/postmaster.pid")).unwrap();
    let pid: i32 = status.lines().next().unwrap().parse().unwrap();
    nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    assert!(server.shell.wait().unwrap().success());
    assert!(!server.folder.path().exists());
}

#[test]
fn why_it_does_not_start_is_in_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation {
        programs: dir.path().join("none"),
        version: "0".into(),
    };
    let error = Server::start(&installation, &[], None, &dir.path().join("log")).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("PostgreSQL did not start. "), "{text}");
    assert!(text.contains("none/initdb: not found"), "{text}");
}

#[test]
fn ready_is_what_its_own_tools_take_for_it() {
    let status = "71\n/data\n1795313595\n20001\n\n127.0.0.1\n 123 4\n";
    assert!(is_ready(&format!("{status}ready   \n")));
    assert!(!is_ready(&format!("{status}starting\n")));
    assert!(!is_ready(status) && !is_ready(""));
}
