//! A whole run as an example: three arms, two rounds each, with every part of a recording that
//! reports show.

mod arms;
mod code;
mod surroundings;

use crate::Recording;
use crate::observer::Check;

/// Returns the recordings of go, bun and bun-1.4 under one load of 2,400 tokens, two rounds each,
/// interleaved, with the paths that a run gives them. In the second round of bun a check fails.
pub fn three_arms() -> Vec<(String, Recording)> {
    let mut recordings = Vec::new();
    for round in 1..=2 {
        // The host is a little slower in the second round, for all arms alike.
        let permille = 996 + 8 * (round - 1);
        recordings.push(("go", round, arms::go(permille)));
        recordings.push(("bun", round, arms::bun(permille)));
        recordings.push(("bun-1.4", round, arms::bun_1_4(permille)));
    }
    let named = recordings.into_iter().map(|(arm, round, build)| {
        let mut recording = build.with(surroundings::add).done();
        recording.window.start_unix_ns += round * 60_000_000_000;
        if (arm, round) == ("bun", 2) {
            let check = Check::within("bytes_vs_load", "bytes", 124_800.0, 120_480.0, 1_248.0);
            recording.checks.push(check);
        }
        (format!("{arm}/{round}/recording.json"), recording)
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_threads_to_the_process() {
        let recordings = three_arms();
        assert_eq!(recordings.len(), 6);
        for (path, recording) in recordings {
            let threads = recording.threads.iter();
            let on_cpu: u64 = threads.clone().map(|thread| thread.on_cpu_ns).sum();
            assert_eq!(recording.process.on_cpu_ns, on_cpu, "{path}");
            for thread in threads {
                let life = thread.on_cpu_ns + thread.run_queue_ns + thread.off_cpu_ns;
                assert_eq!(
                    life, recording.window.duration_ns,
                    "{path}: {}",
                    thread.name
                );
            }
        }
    }

    #[test]
    fn fails_one_check() {
        let recordings = three_arms();
        let failed = recordings
            .iter()
            .filter(|(_, recording)| recording.checks.iter().any(|check| !check.ok));
        let paths: Vec<_> = failed.map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["bun/2/recording.json"]);
    }
}
