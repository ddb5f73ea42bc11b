//! Annotations of a recording: roles, and the split into user and kernel time.
//!
//! They are for readers of the file. A recording holds facts, so comparing annotates anew with the
//! rules of the day.

use crate::{attribution, gc, runtime, waits};
use recording::Recording;
use recording::observer::Mode;
use recording::vocabulary::Role;

/// Writes the role and the user and kernel time of every thread, their sums, and the roles of
/// wakers. With fewer probes than [`Mode::All`] threads have no split, and the process has that of
/// `/proc`.
pub fn annotate(recording: &mut Recording) {
    annotate_threads(recording);
    if recording.observer.mode == Mode::All {
        recording.gc = gc::measure(recording);
    }
}

/// Annotates several recordings. Rounds of one program are more evidence of what collects garbage
/// than each alone.
pub fn annotate_all(recordings: &mut [(String, Recording)]) {
    let each = recordings.iter_mut();
    each.for_each(|(_, recording)| annotate_threads(recording));
    let places = (0..recordings.len()).filter(|at| recordings[*at].1.observer.mode == Mode::All);
    let places: Vec<usize> = places.collect();
    let measured: Vec<&Recording> = places.iter().map(|at| &recordings[*at].1).collect();
    for (at, gc) in places.into_iter().zip(gc::measure_all(&measured)) {
        recordings[at].1.gc = gc;
    }
}

fn annotate_threads(recording: &mut Recording) {
    runtime::assign_roles(recording);
    if recording.observer.mode == Mode::All {
        split_time(recording);
    }
    name_wakers(recording);
    waits::annotate(recording);
}

fn split_time(recording: &mut Recording) {
    let times = attribution::thread_times(recording);
    for (thread, time) in recording.threads.iter_mut().zip(times) {
        thread.user_ns = time.user_ns;
        thread.kernel_ns = thread.on_cpu_ns - time.user_ns;
    }
    let process = &mut recording.process;
    let user_ns: u64 = recording.threads.iter().map(|thread| thread.user_ns).sum();
    process.user_ns = user_ns.min(process.on_cpu_ns);
    process.kernel_ns = process.on_cpu_ns - process.user_ns;
}

fn name_wakers(recording: &mut Recording) {
    let roles: Vec<Role> = recording
        .threads
        .iter()
        .map(|thread| thread.role.clone())
        .collect();
    let role = |index: usize| roles.get(index).cloned().unwrap_or(Role::EndedThread);
    for waker in &mut recording.wakers {
        waker.from_role = waits::waker_role(waker.from, role);
        waker.to_role = role(waker.to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::process::{WakeSource, Waker};
    use recording::testing::Build;

    #[test]
    fn writes_roles_times_and_wakers() {
        let build = Build::arm("bun")
            .thread(1, "bun", |thread| thread.user(70, 1).call("read", 2, 30))
            .thread(2, "HTTP Client", |thread| thread.user(5, 1));
        let build = build.with(|recording| {
            recording.wakers = vec![Waker {
                from: WakeSource::Thread(1),
                to: 0,
                count: 1,
                ..Waker::default()
            }];
        });
        let mut recording = build.done();
        annotate(&mut recording);
        let [main, client] = &recording.threads[..] else {
            panic!("two threads")
        };
        assert_eq!(
            (&main.role, main.user_ns, main.kernel_ns),
            (&Role::MainLoop, 70, 30)
        );
        assert_eq!(client.role, Role::HttpClient);
        assert_eq!(
            (recording.process.user_ns, recording.process.kernel_ns),
            (75, 30)
        );
        let waker = &recording.wakers[0];
        assert_eq!(
            (&waker.from_role, &waker.to_role),
            (&Role::HttpClient, &Role::MainLoop)
        );
    }

    #[test]
    fn keeps_the_split_of_proc_with_fewer_probes() {
        let build = Build::arm("bun").thread(1, "bun", |thread| thread.user(70, 1));
        let mut recording = build
            .with(|recording| {
                recording.observer.mode = Mode::Counters;
                (recording.process.user_ns, recording.process.kernel_ns) = (60, 10);
                (recording.threads[0].user_ns, recording.threads[0].kernel_ns) = (0, 0);
            })
            .done();
        annotate(&mut recording);
        let (process, thread) = (&recording.process, &recording.threads[0]);
        assert_eq!((process.user_ns, process.kernel_ns), (60, 10));
        assert_eq!((thread.user_ns, thread.kernel_ns), (0, 0));
        assert_eq!(thread.role, Role::MainLoop);
    }
}
