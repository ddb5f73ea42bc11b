//! Recordings sorted into arms and rounds.

use recording::Recording;

/// One arm with its rounds, in the order they were given.
pub struct Rounds<'a> {
    /// Name of the arm.
    pub arm: &'a str,
    /// Path and recording of each round.
    pub rounds: Vec<(&'a str, &'a Recording)>,
}

/// Groups recordings by arm, arms in order of first appearance.
pub fn group(recordings: &[(String, Recording)]) -> Vec<Rounds<'_>> {
    let mut arms: Vec<Rounds<'_>> = Vec::new();
    for (path, recording) in recordings {
        let round = (path.as_str(), recording);
        match arms.iter_mut().find(|arm| arm.arm == recording.target.arm) {
            Some(arm) => arm.rounds.push(round),
            None => arms.push(Rounds {
                arm: &recording.target.arm,
                rounds: vec![round],
            }),
        }
    }
    arms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Build;

    #[test]
    fn rounds_of_an_arm_keep_their_order() {
        let recordings: Vec<_> = [("1", "go"), ("2", "bun"), ("3", "bun"), ("4", "go")]
            .map(|(path, arm)| (path.to_string(), Build::arm(arm).done()))
            .into();
        let arms = group(&recordings);
        let paths = |arm: &Rounds<'_>| arm.rounds.iter().map(|round| round.0).collect::<String>();
        assert_eq!((arms[0].arm, paths(&arms[0])), ("go", "14".into()));
        assert_eq!((arms[1].arm, paths(&arms[1])), ("bun", "23".into()));
    }
}
