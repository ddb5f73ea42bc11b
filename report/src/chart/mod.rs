//! Charts: waterfalls, lines and wait-for graphs by plotters, as SVG for a page or a file, and as
//! PNG; flame graphs as SVG.

mod axis;
pub mod flame;
mod hover;
pub mod lines;
pub mod palette;
pub mod wait_graph;
pub mod waterfall;

pub use axis::{Axis, Label};
pub use flame::{Bar, BarFace, FlameChart, FlameFigure, FlamePaint, FlameTree, LegendEntry};
pub use hover::Hover;
pub use lines::{Line, Lines};
pub use palette::{Paint, Theme};
pub use wait_graph::{Edge, WaitGraph};
pub use waterfall::{Step, Waterfall};

use crate::Error;
use palette::Pen;
use plotters::prelude::{BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea, SVGBackend};
use plotters::{coord::Shift, style::FontStyle, style::register_font};
use std::fs::File;
use std::io::BufWriter;
use std::{path::Path, sync::Once};

/// Bytes of a pixel of a PNG.
const RGB_LEN: usize = 3;

/// The data of a chart.
#[derive(Clone, Debug)]
pub enum Chart {
    /// A waterfall from one total to another.
    Waterfall(Waterfall),
    /// Lines over two axes.
    Lines(Lines),
    /// Who waits for whom.
    Waits(WaitGraph),
}

/// Turns the error of any plotting backend into text: each backend has a different type.
pub(crate) fn failed(error: impl std::fmt::Display) -> Error {
    Error::Draw(error.to_string())
}

impl Chart {
    /// Returns whether the chart has no data.
    pub fn is_empty(&self) -> bool {
        match self {
            Chart::Waterfall(chart) => chart.steps.is_empty(),
            Chart::Lines(chart) => chart.lines.iter().all(|line| line.points.is_empty()),
            Chart::Waits(chart) => chart.edges.is_empty(),
        }
    }

    /// Returns the chart as SVG, `width` units wide.
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

    /// Writes the chart as a PNG file, `width` units wide at two pixels a unit.
    pub fn png(&self, width: u32, path: &Path) -> Result<(), Error> {
        let pen = Pen {
            theme: Theme::File,
            zoom: 2.0,
            font_zoom: 2.0 * palette::EM,
        };
        let (width, height) = (width * 2, self.height(width) * 2);
        let mut pixels = vec![0; (width * height) as usize * RGB_LEN];
        let root = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        self.draw(&root, pen)?;
        drop(root);
        write_png(path, (width, height), &pixels).map_err(failed)
    }

    fn height(&self, width: u32) -> u32 {
        match self {
            Chart::Waterfall(chart) => chart.height(width),
            Chart::Lines(chart) => chart.height(width),
            Chart::Waits(chart) => chart.height(width),
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
            Chart::Waits(chart) => chart.draw(root, pen)?,
        }
        root.present().map_err(failed)
    }
}

/// Writes an image as PNG. (The encoder of plotters would need a library of many formats.)
fn write_png(
    path: &Path,
    (width, height): (u32, u32),
    pixels: &[u8],
) -> Result<(), png::EncodingError> {
    let file = BufWriter::new(File::create(path)?);
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()
}

/// Gives plotters a font to measure and (for PNG) draw text with, so that the machine needs none.
fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (style, font) in [
            (FontStyle::Normal, notosans::REGULAR_TTF),
            (FontStyle::Bold, notosans::BOLD_TTF),
        ] {
            // Only a broken font file fails here, and then drawing reports it.
            let _ = register_font("sans-serif", style, font);
        }
    });
}
