//! Numbers that add up to the last bit.
//!
//! Floating-point sums depend on their order and lose bits, so "terms and remainder add up to the difference" would
//! hold only roughly. Every number of a metric is therefore put on one grid of a power of two, 2⁻⁴⁰ of the metric's
//! largest value: far finer than anything measured, and coarse enough that sums of thousands of terms are exact.

/// The spacing numbers are rounded to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid(f64);

impl Grid {
    /// The grid for numbers up to `largest`.
    pub fn for_values_up_to(largest: f64) -> Self {
        if largest > 0.0 && largest.is_finite() {
            // At least 2⁻⁹⁰⁰, so that the spacing itself stays an ordinary number.
            Grid(2f64.powi((largest.log2().ceil() as i32 - 40).max(-900)))
        } else {
            Grid(1.0)
        }
    }

    /// The nearest number on the grid.
    pub fn snap(self, value: f64) -> f64 {
        (value / self.0).round() * self.0
    }
}

/// `whole × share / of`, rounded down; nothing of nothing.
pub fn part(whole: u64, share: u64, of: u64) -> u64 {
    let product = u128::from(whole) * u128::from(share);
    product
        .checked_div(u128::from(of))
        .and_then(|part| u64::try_from(part).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_do_not_depend_on_their_order(values in prop::collection::vec(-1e12f64..1e12, 1..500)) {
            let largest = values.iter().fold(0f64, |most, value| most.max(value.abs()));
            let grid = Grid::for_values_up_to(largest);
            let values: Vec<f64> = values.into_iter().map(|value| grid.snap(value)).collect();
            let forward: f64 = values.iter().sum();
            let backward: f64 = values.iter().rev().sum();
            prop_assert_eq!(forward, backward);
        }

        #[test]
        fn snapping_changes_less_than_anything_measured(value in 1e-6f64..1e15) {
            let snapped = Grid::for_values_up_to(value).snap(value);
            prop_assert!((snapped - value).abs() <= value * 1e-12);
        }
    }

    #[test]
    fn a_metric_that_is_zero_everywhere_has_a_grid() {
        assert_eq!(Grid::for_values_up_to(0.0).snap(0.0), 0.0);
    }
}
