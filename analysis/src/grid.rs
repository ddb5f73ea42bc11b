//! Fixed-point numbers, so that rows add up to the last bit.
//!
//! Floating-point sums depend on their order and lose bits: "rows and remainder add up to the
//! difference" would hold only roughly. Differences are therefore computed in integers, in units of
//! one power of two for each metric: 2⁻⁴⁰ of its largest value. That is far finer than any
//! measurement. An integer of fewer than 53 bits is the same number as a float, so what is written
//! to a file adds up as well.

/// The unit of a metric's fixed-point numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid(f64);

impl Grid {
    /// Returns the grid for values up to `largest`.
    pub fn for_values_up_to(largest: f64) -> Self {
        if largest > 0.0 && largest.is_finite() {
            // At least 2⁻⁹⁰⁰, so that the unit itself stays an ordinary number.
            Grid(2f64.powi((largest.log2().ceil() as i32 - 40).max(-900)))
        } else {
            Grid(1.0)
        }
    }

    /// Returns the nearest fixed-point number; the largest one for a value that is out of range.
    pub fn fix(self, value: f64) -> i64 {
        (value / self.0).round() as i64
    }

    /// Returns a fixed-point number as a float.
    pub fn float(self, fixed: i64) -> f64 {
        fixed as f64 * self.0
    }
}

/// Returns `whole × share / of`, rounded down, or 0 if `of` is 0.
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
        fn adds_up_in_any_order(values in prop::collection::vec(-1e12f64..1e12, 1..500)) {
            let largest = values.iter().fold(0f64, |most, value| most.max(value.abs()));
            let grid = Grid::for_values_up_to(largest);
            let fixed: Vec<i64> = values.iter().map(|value| grid.fix(*value)).collect();
            let floats: Vec<f64> = fixed.iter().map(|value| grid.float(*value)).collect();
            let sum = grid.float(fixed.iter().sum());
            prop_assert_eq!(sum, floats.iter().sum::<f64>());
            prop_assert_eq!(sum, floats.iter().rev().sum::<f64>());
        }

        #[test]
        fn changes_values_by_less_than_any_measurement(value in 1e-6f64..1e15) {
            let grid = Grid::for_values_up_to(value);
            let rounded = grid.float(grid.fix(value));
            prop_assert!((rounded - value).abs() <= value * 1e-12);
        }
    }

    #[test]
    fn keeps_zero_where_a_metric_is_zero_everywhere() {
        let grid = Grid::for_values_up_to(0.0);
        assert_eq!(grid.float(grid.fix(0.0)), 0.0);
    }
}
