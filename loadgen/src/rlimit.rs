//! Limit on open files: each stream needs one, and shells commonly allow 1,024.

use crate::Error;
use crate::plan::Plan;
use crate::scenario::Unit;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Upper bound of descriptors besides those of streams.
const RESERVED: u64 = 64;

/// Raises the soft limit on open files to the hard limit.
///
/// # Errors
/// If the users of a closed loop need more. (An open loop may need far fewer streams than its
/// maximum.)
pub fn raise(plan: &Plan) -> Result<(), Error> {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return Ok(());
    };
    // If raising is refused, the soft limit stays in force.
    let allowed = match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    };
    match plan.shape.unit {
        Unit::Users => enough(plan.shape.peak().ceil() as u64, allowed),
        Unit::Rate => Ok(()),
    }
}

fn enough(streams: u64, allowed: u64) -> Result<(), Error> {
    match streams + RESERVED > allowed {
        true => Err(Error::Usage(format!(
            "{streams} users need as many open files, and this system allows {allowed}: raise the limit (ulimit -Hn, \
             LimitNOFILE= in systemd) or use several machines and `loadgen merge`"
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_more_users_than_open_files() {
        assert!(enough(10_000, 65_536).is_ok());
        let refusal = enough(10_000, 4_096).unwrap_err();
        assert!(refusal.is_usage());
        assert!(refusal.to_string().contains("ulimit"), "{refusal}");
    }

    #[test]
    fn raises_the_soft_limit_to_the_hard_limit() {
        let text = "[[stages]]\nduration = '1s'\nusers = 1";
        let scenario = crate::scenario::Scenario::parse("test", text).unwrap();
        raise(&crate::plan::tests::plan(&scenario)).unwrap();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
    }
}
