//! Objections of the kernel to a program, in one line.

/// Objection of verifiers before Linux 5.12 to an atomic operation that returns a value: they know
/// additions only (the kernel's `Documentation/bpf/standardization/instruction-set.rst`).
const UNKNOWN_ATOMIC: &str = "BPF_STX uses reserved fields";
const NEEDS_ATOMICS: &str = "it needs atomic operations that return the old value (Linux 5.12)";

/// Shortens an error to one line, or names the version of Linux that the program needs. A log of
/// the verifier may have thousands of lines: its objection is the last one before its statistics.
pub fn one_line(error: &anyhow::Error) -> String {
    const STATISTICS: [&str; 3] = ["processed ", "verification time", "stack depth"];
    let text = format!("{error:#}");
    if text.contains(UNKNOWN_ATOMIC) {
        return NEEDS_ATOMICS.to_owned();
    }
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !STATISTICS.iter().any(|word| line.starts_with(word)));
    let first = lines.next().unwrap_or_default();
    let objection = lines.next_back();
    objection.map_or(first.to_owned(), |objection| {
        format!("{first} … {objection}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortens_an_error_to_one_line() {
        let short = anyhow::anyhow!("no such hook").context("page faults");
        assert_eq!(one_line(&short), "page faults: no such hook");
        let log = "the verifier refused it\n0: (bf) r6 = r1\n1: (79) r7 = *(u64 *)(r6 +64)\ninvalid access\n\n\
                   verification time 31 usec\nstack depth 0\nprocessed 2 insns (limit 1000000)\n";
        assert_eq!(
            one_line(&anyhow::anyhow!("{log}")),
            "the verifier refused it … invalid access"
        );
    }

    #[test]
    fn names_the_version_of_linux_that_a_program_needs() {
        let log = "sched_switch: the BPF_PROG_LOAD syscall returned Invalid argument\n\
                   0: (bf) r6 = r1\nBPF_STX uses reserved fields\nprocessed 0 insns\n";
        assert_eq!(one_line(&anyhow::anyhow!("{log}")), NEEDS_ATOMICS);
    }
}
