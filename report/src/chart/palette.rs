//! Colours by meaning. On a page they are CSS variables, so that light, dark and print can differ.

use plotters::prelude::{IntoFont, RGBColor, TextStyle};
use plotters::style::{
    Color, FontStyle,
    text_anchor::{HPos, Pos, VPos},
};

/// The meaning of a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Text.
    Ink,
    /// Secondary text.
    Muted,
    /// Grid lines.
    Grid,
    /// A row that raises the cost.
    Rise,
    /// A row that lowers the cost.
    Fall,
    /// The part that no row accounts for.
    Unexplained,
    /// An arm, by its position.
    Arm(usize),
}

/// The destination of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Inside the page: colours follow its style sheet.
    Page,
    /// In a separate file: fixed colours on white.
    File,
}

/// Number of colours for arms; further arms repeat them.
const ARMS: usize = 6;
/// Name of the CSS variable, and the colour on white. The index is the placeholder's last byte.
const COLORS: [(&str, RGBColor); 6 + ARMS] = [
    ("ink", RGBColor(0x1b, 0x1f, 0x24)),
    ("muted", RGBColor(0x5b, 0x64, 0x70)),
    ("grid", RGBColor(0xdd, 0xe1, 0xe6)),
    ("rise", RGBColor(0xb4, 0x45, 0x2c)),
    ("fall", RGBColor(0x2b, 0x7a, 0x5d)),
    ("unexplained", RGBColor(0x8a, 0x90, 0x99)),
    ("arm-0", RGBColor(0x1f, 0x5f, 0xa8)),
    ("arm-1", RGBColor(0xc2, 0x6a, 0x12)),
    ("arm-2", RGBColor(0x6b, 0x4b, 0xa3)),
    ("arm-3", RGBColor(0x1d, 0x80, 0x7c)),
    ("arm-4", RGBColor(0xb0, 0x3a, 0x6e)),
    ("arm-5", RGBColor(0x6a, 0x70, 0x1a)),
];

/// Height of Noto Sans over its em square. Bitmap text is sized by height, SVG text by em.
pub const EM: f64 = 1.362;

impl Paint {
    fn index(self) -> usize {
        match self {
            Paint::Ink => 0,
            Paint::Muted => 1,
            Paint::Grid => 2,
            Paint::Rise => 3,
            Paint::Fall => 4,
            Paint::Unexplained => 5,
            Paint::Arm(position) => 6 + position % ARMS,
        }
    }
}

impl Theme {
    /// Returns the colour to draw with; for a page a placeholder that [`Theme::finish`] replaces.
    pub fn rgb(self, paint: Paint) -> RGBColor {
        match self {
            Theme::Page => RGBColor(1, 0, paint.index() as u8),
            Theme::File => COLORS[paint.index()].1,
        }
    }

    /// Replaces placeholders by CSS variables, and leaves out attributes that say the default.
    pub fn finish(self, svg: String) -> String {
        if self == Theme::File {
            return svg;
        }
        let svg = svg.replace(" opacity=\"1\"", "");
        COLORS
            .iter()
            .enumerate()
            .fold(svg, |svg, (index, (name, _))| {
                svg.replace(
                    &format!("\"#0100{index:02X}\""),
                    &format!("\"var(--{name})\""),
                )
            })
    }
}

/// Colours and sizes of one chart.
#[derive(Clone, Copy, Debug)]
pub struct Pen {
    /// Destination of the chart.
    pub theme: Theme,
    /// Pixels per unit.
    pub zoom: f64,
    /// Pixels per unit of text size.
    pub font_zoom: f64,
}

impl Pen {
    /// Converts units to pixels.
    pub fn px(self, units: f64) -> i32 {
        (units * self.zoom).round() as i32
    }

    /// Returns the style of text of `size` units, anchored at a side, vertically centred.
    pub fn text(self, size: f64, paint: Paint, side: HPos, style: FontStyle) -> TextStyle<'static> {
        let font = ("sans-serif", size * self.font_zoom, style).into_font();
        font.color(&self.theme.rgb(paint))
            .pos(Pos::new(side, VPos::Center))
    }

    /// Returns the style of a line or fill.
    pub fn style(self, paint: Paint, opacity: f64, width: f64) -> plotters::style::ShapeStyle {
        self.theme
            .rgb(paint)
            .mix(opacity)
            .stroke_width(self.px(width).max(1) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_placeholders_by_variables() {
        let svg = r##"<rect opacity="1" fill="#010000" stroke="#010007"/>"##;
        let svg = Theme::Page.finish(svg.into());
        assert_eq!(svg, r#"<rect fill="var(--ink)" stroke="var(--arm-1)"/>"#);
    }

    #[test]
    fn keeps_colours_in_files() {
        assert_eq!(
            Theme::File.rgb(Paint::Arm(6)),
            Theme::File.rgb(Paint::Arm(0))
        );
        assert_eq!(Theme::File.finish("#010000".into()), "#010000");
    }
}
