//! Drawings by plotters: a bridge (waterfall) and lines, as SVG for a page or a file, and as PNG.

pub mod lines;
pub mod palette;
pub mod waterfall;

pub use lines::{Axis, Line, Lines};
pub use palette::{Paint, Theme};
pub use waterfall::{Step, Waterfall};

use crate::Error;
use palette::Pen;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea, SVGBackend};
use plotters::{coord::Shift, style::FontStyle, style::register_font};
use std::{path::Path, sync::Once};

/// A drawing's data.
#[derive(Clone, Debug)]
pub enum Chart {
    /// From one total to another, term by term.
    Waterfall(Waterfall),
    /// Lines over two axes.
    Lines(Lines),
}

/// How a plotting backend's failure reaches us: the types differ by backend, the words are what a user needs.
pub(crate) fn failed(error: impl std::fmt::Display) -> Error {
    Error::Draw(error.to_string())
}

impl Chart {
    /// Whether there is anything to draw.
    pub fn is_empty(&self) -> bool {
        match self {
            Chart::Waterfall(chart) => chart.steps.is_empty(),
            Chart::Lines(chart) => chart.lines.iter().all(|line| line.points.is_empty()),
        }
    }

    /// As SVG, `width` units wide.
    pub fn svg(&self, width: u32, theme: Theme) -> Result<String, Error> {
        let mut svg = String::new();
        let pen = Pen {
            theme,
            zoom: 1.0,
            font_zoom: 1.0,
        };
        let root =
            SVGBackend::with_string(&mut svg, (width, self.height(width))).into_drawing_area();
        self.draw(&root, pen)?;
        drop(root);
        Ok(theme.finish(svg))
    }

    /// As a PNG file, `width` units wide at two pixels a unit.
    pub fn png(&self, width: u32, path: &Path) -> Result<(), Error> {
        let pen = Pen {
            theme: Theme::File,
            zoom: 2.0,
            font_zoom: 2.0 * palette::EM,
        };
        let root =
            BitMapBackend::new(path, (width * 2, self.height(width) * 2)).into_drawing_area();
        self.draw(&root, pen)
    }

    fn height(&self, width: u32) -> u32 {
        match self {
            Chart::Waterfall(chart) => chart.height(width),
            Chart::Lines(chart) => chart.height(width),
        }
    }

    fn draw<DB: DrawingBackend>(
        &self,
        root: &DrawingArea<DB, Shift>,
        pen: Pen,
    ) -> Result<(), Error> {
        register_fonts();
        if pen.theme == Theme::File {
            root.fill(&plotters::style::WHITE).map_err(failed)?;
        }
        match self {
            Chart::Waterfall(chart) => chart.draw(root, pen)?,
            Chart::Lines(chart) => chart.draw(root, pen)?,
        }
        root.present().map_err(failed)
    }
}

/// plotters measures and (for PNG) draws text with a font of ours, so that no font of the machine is needed.
fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (style, font) in [
            (FontStyle::Normal, notosans::REGULAR_TTF),
            (FontStyle::Bold, notosans::BOLD_TTF),
        ] {
            // Only a broken font file is refused, and then drawing says so.
            let _ = register_font("sans-serif", style, font);
        }
    });
}
