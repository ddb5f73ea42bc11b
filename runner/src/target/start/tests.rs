use super::super::{
    Error,
    testing::{Scratch, server_command},
};
use procfs::process::Process;
use std::{net::TcpListener, time::Duration};

fn free_port() -> u16 {
    super::free_port(None).unwrap()
}

#[test]
fn passes_environment_and_arguments_to_the_server() {
    let scratch = Scratch::new(&format!(
        "run = '{}'\nenv = {{ COLOR = 'red' }}\nvariants.blue.env = {{ COLOR = 'blue' }}\nready = '/up'",
        server_command()
    ));
    let running = scratch.arm(":blue").start(&scratch.options()).unwrap();
    running.check().unwrap();
    running.stop();
    assert!(
        scratch
            .read("server.log")
            .contains("UPSTREAM=http://127.0.0.1:9 COLOR=Ok(\"blue\")")
    );
}

#[test]
fn overrides_the_environment_by_instrumentation() {
    let scratch = Scratch::new(&format!(
        "run = '{}'\nenv = {{ COLOR = 'red' }}",
        server_command()
    ));
    let mut options = scratch.options();
    options.instrumentation.env = [("COLOR".to_owned(), "green".to_owned())].into();
    scratch.arm("").start(&options).unwrap().stop();
    assert!(scratch.read("server.log").contains("COLOR=Ok(\"green\")"));
    let scratch = Scratch::new("run = 'echo {args}'\nvariants.x.args = ['mine']");
    let mut options = scratch.options();
    options.instrumentation.args = vec!["helps".to_owned()];
    let error = scratch.arm(":x").start(&options).unwrap_err().to_string();
    assert!(error.contains("  helps mine"), "{error}");
}

#[test]
fn finds_the_process_that_listens() {
    let tests = std::env::current_exe().unwrap();
    // A single program replaces the shell; a script starts the server as a child of the shell.
    for run in [
        server_command(),
        format!("true; {}; true", server_command()),
    ] {
        let scratch = Scratch::new(&format!("run = '{run}'"));
        let running = scratch.arm("").start(&scratch.options()).unwrap();
        let executable = std::fs::read_link(format!("/proc/{}/exe", running.pid())).unwrap();
        assert_eq!(executable, tests, "{run}");
    }
}

#[test]
fn places_the_server_on_the_given_cpus() {
    let scratch = Scratch::new(&format!("run = '{}'", server_command()));
    let allowed = || nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)).unwrap();
    let before = allowed();
    let cpu = (0..1024).find(|cpu| before.is_set(*cpu).unwrap()).unwrap();
    let mut options = scratch.options();
    options.cpus = Some(crate::cpus::Cpus::from_iter([cpu]));
    let running = scratch.arm("").start(&options).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap();
    assert!(
        status.contains(&format!("Cpus_allowed_list:\t{cpu}\n")),
        "{status}"
    );
    assert_eq!(allowed(), before, "the caller itself is not moved");
    options.cpus = Some(crate::cpus::Cpus::from_iter([1023]));
    let error = scratch.arm("").start(&options).unwrap_err().to_string();
    assert!(error.contains("cannot use CPUs 1023"), "{error}");
}

#[test]
fn rejects_a_port_in_use() {
    let scratch = Scratch::new("run = 'sleep 60'");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = scratch.options();
    options.port = Some(listener.local_addr().unwrap().port());
    let error = scratch.arm("").start(&options).unwrap_err();
    assert!(matches!(error, Error::PortTaken { .. }), "{error}");
}

#[test]
fn detects_another_process_in_its_place() {
    let scratch = Scratch::new("run = 'touch begun; sleep 60'");
    let begun = scratch.path("begun");
    let mut options = scratch.options();
    let port = free_port();
    options.port = Some(port);
    let intruder = std::thread::spawn(move || {
        while !begun.exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        TcpListener::bind(("127.0.0.1", port)).unwrap()
    });
    let error = scratch.arm("").start(&options).unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error}");
    drop(intruder.join());
}

#[test]
fn reports_the_log_of_a_server_that_dies() {
    let error = Scratch::new("run = 'echo no config >&2; exit 3'")
        .start_error()
        .to_string();
    assert!(
        error.starts_with("t ended by itself (exit status 3) before it was ready"),
        "{error}"
    );
    assert!(error.ends_with("  no config"), "{error}");
}

#[test]
fn reports_a_missing_program() {
    let error = Scratch::new("run = './no-such-server'")
        .start_error()
        .to_string();
    assert!(
        error.contains("exit status 127") && error.contains("no-such-server"),
        "{error}"
    );
}

#[test]
fn ends_a_server_that_never_answers() {
    let scratch = Scratch::new("run = 'sleep 60'");
    let mut options = scratch.options();
    options.ready_timeout = Duration::from_millis(50);
    let error = scratch.arm("").start(&options).unwrap_err().to_string();
    assert!(
        error.contains("did not answer") && error.contains("(a connection)"),
        "{error}"
    );
    let in_folder = |process: &Process| process.cwd().is_ok_and(|cwd| cwd == scratch.path(""));
    let processes = procfs::process::all_processes().unwrap();
    assert_eq!(processes.flatten().filter(in_folder).count(), 0);
}

#[test]
fn rejects_an_upstream_with_shell_syntax() {
    let scratch = Scratch::new("run = 'touch {upstream}'");
    let mut options = scratch.options();
    options.upstream = "http://a;touch harm".into();
    let error = scratch.arm("").start(&options).unwrap_err();
    assert!(matches!(error, Error::Upstream { .. }), "{error}");
    assert!(!scratch.path("harm").exists());
}

#[test]
fn reports_a_log_that_cannot_be_written() {
    let scratch = Scratch::new("run = 'sleep 60'");
    let mut options = scratch.options();
    options.log = scratch.path("missing/server.log");
    let error = scratch.arm("").start(&options).unwrap_err().to_string();
    assert!(error.contains("missing/server.log"), "{error}");
}
