//! The fixed-point rows of a metric, for flame graphs, which split them further.

use super::Measured;
use crate::grid::Grid;
use crate::ledger::Key;
use recording::vocabulary::MetricId;

impl Measured<'_> {
    /// Returns which metric it is.
    pub fn id(&self) -> MetricId {
        self.id
    }

    /// Returns the grid of all its values.
    pub(crate) fn grid(&self) -> Grid {
        self.grid
    }

    /// Returns the places among all arms of those that have the metric.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        self.arms.iter().map(|arm| arm.place)
    }

    /// Returns the value of a ledger row of the arm at a place, on the grid.
    pub(crate) fn row_value(&self, place: usize, key: &Key) -> i64 {
        let arm = self.arms.iter().find(|arm| arm.place == place);
        arm.map_or(0, |arm| self.per(arm, key).value)
    }
}
