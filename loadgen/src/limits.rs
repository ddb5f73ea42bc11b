//! Open files: each stream takes one, and shells mostly allow a thousand.

use crate::Error;
use crate::plan::Plan;
use crate::scenario::Unit;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What the process opens besides streams, generously.
const OTHERS: u64 = 64;

/// Raises the limit on open files as far as is allowed to anybody, and refuses a load that needs more.
///
/// # Errors
/// If the load of a closed loop cannot have its connections. (An open loop may need far fewer than it is allowed.)
pub fn allow_streams(plan: &Plan) -> Result<(), Error> {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return Ok(());
    };
    // Where this is refused, what is allowed already has to do.
    let allowed = match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    };
    let streams = match plan.shape.unit {
        Unit::Users => plan.shape.peak().ceil() as u64,
        Unit::Rate => 0,
    };
    enough(streams, allowed)
}

fn enough(streams: u64, allowed: u64) -> Result<(), Error> {
    match streams + OTHERS > allowed {
        true => Err(Error::Usage(format!(
            "{streams} users need as many open files, and this system allows {allowed}: raise it (ulimit -Hn, \
             LimitNOFILE= in systemd) or use several machines and `loadgen merge`"
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_users_than_open_files_are_refused_with_the_remedy() {
        assert!(enough(10_000, 65_536).is_ok());
        let refusal = enough(10_000, 4_096).unwrap_err();
        assert!(refusal.is_usage());
        assert!(refusal.to_string().contains("ulimit"), "{refusal}");
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let text = "[[stages]]\nduration = '1s'\nusers = 1";
        let scenario = crate::scenario::Scenario::parse("test", text).unwrap();
        allow_streams(&crate::plan::tests::plan(&scenario)).unwrap();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
    }
}
