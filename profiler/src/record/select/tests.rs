//! Tests of the selection of processes.

use super::*;

#[test]
fn finds_the_id_in_names_of_container_engines() {
    let id = "0123456789abcdef".repeat(4);
    let names = [
        id.clone(),
        format!("docker-{id}.scope"),
        format!("cri-containerd-{id}.scope"),
        format!("libpod-{id}.scope"),
        format!("crio-{id}"),
        format!("system.slice:docker:{id}"),
    ];
    for name in names {
        assert_eq!(container_id(&name), Some(&*id), "{name}");
    }
    let conmon = format!("libpod-conmon-{id}.scope");
    for other in ["user.slice", "docker-0123.scope", &conmon, "init.scope"] {
        assert_eq!(container_id(other), None, "{other}");
    }
}

#[test]
fn rejects_cgroups_units_and_containers_that_do_not_exist() {
    let message = |found: Result<Cgroup>| found.expect_err("none").to_string();
    let text = message(Cgroup::at(Path::new("/no/such/group")));
    assert!(text.contains("no cgroup /no/such/group"), "{text}");
    let text = message(Cgroup::at(Path::new("/tmp")));
    assert!(text.contains("/proc/PID/cgroup"), "{text}");
    let text = message(Cgroup::of_unit("no-such-unit-4711"));
    assert!(text.contains("unit no-such-unit-4711.service"), "{text}");
    for id in ["web-server", "abc", "", "../0123"] {
        let text = message(Cgroup::of_container(id));
        assert!(text.contains("not a container id"), "{text}");
    }
    let text = message(Cgroup::of_container("deadbeefdeadbeef"));
    assert!(text.contains("not running"), "{text}");
}

#[test]
fn rejects_several_groups_of_one_name() {
    let found = ["/sys/fs/cgroup/a/x", "/sys/fs/cgroup/b/x"].map(PathBuf::from);
    let error = one_of(found.into(), "container 0123", "`docker ps`").expect_err("two");
    let text = error.to_string();
    assert!(
        text.contains("/a/x and ") && text.contains("--cgroup"),
        "{text}"
    );
}

#[test]
fn rejects_ports_and_names_that_no_process_has() {
    // Port 1 (tcpmux) is out of use.
    let text = listeners(1).expect_err("none").to_string();
    assert!(text.contains("TCP port 1:"), "{text}");
    let text = named("no-such-name-*").expect_err("none").to_string();
    assert!(text.contains("no process has a name"), "{text}");
    let text = named("[").expect_err("invalid").to_string();
    assert!(text.contains("not a valid pattern"), "{text}");
}

#[test]
fn finds_processes_by_name() {
    let mut child = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .expect("it starts");
    let pid = child.id();
    let has = |pattern: &str| {
        let found = named(pattern).unwrap_or_default();
        found.iter().any(|process| process.pid == pid)
    };
    // The child has the name once it has executed the program.
    let is_there = |child: &mut std::process::Child| {
        std::iter::repeat_with(|| child.try_wait().is_ok_and(|ended| ended.is_none()))
            .take_while(|runs| *runs)
            .any(|_| has("slee?"))
    };
    let found = [is_there(&mut child), has("sl*p"), has("slee"), has("*x")];
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_eq!(found, [true, true, false, false]);
}

#[test]
fn omits_itself() {
    let own = executable_name(std::process::id()).expect("it has a name");
    let found = named(&globset::escape(&own)).unwrap_or_default();
    assert!(
        found
            .iter()
            .all(|process| process.pid != std::process::id())
    );
}
