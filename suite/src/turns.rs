//! The order in which alternatives are measured.

/// Returns the order of round `round`: forth and back, beginning with another each time, so that
/// drift affects all `count` alternatives alike.
pub fn order(count: usize, round: usize) -> Vec<usize> {
    let mut turn: Vec<usize> = (0..count).map(|at| (at + round / 2) % count).collect();
    if round % 2 == 1 {
        turn.reverse();
    }
    turn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_alternative_each_place_equally_often() {
        let mut places = vec![vec![]; 4];
        for round in 0..8 {
            for (place, at) in order(4, round).into_iter().enumerate() {
                places[at].push(place);
            }
        }
        for mut of in places {
            of.sort_unstable();
            assert_eq!(of, [0, 0, 1, 1, 2, 2, 3, 3]);
        }
    }
}
