//! Flame graphs as SVG. Bars cut off their labels: each is an `svg` element.

use super::{Bar, BarFace, FlameChart, FlamePaint, FlameTree};
use std::fmt::Write;

/// Height of a row of bars, with the gap below, in units.
const ROW: usize = 17;
/// Height of a tree's title in a file, in units.
const TITLE: usize = 24;
/// Width of a file, in units.
const WIDTH: usize = 1_200;
/// Share of the width that a bar needs for a label.
const LABELLED: f64 = 0.012;
/// Share of the width below which a bar is not drawn: a twentieth of a pixel.
const DRAWN: f64 = 0.000_05;
/// Longest name in bytes, after escaping. A page has thousands of names.
const LONGEST: usize = 90;

impl FlameTree {
    /// Returns the height that holds every bar, in units.
    fn height(&self) -> usize {
        let deepest = self.bars.iter().map(|bar| bar.depth + 1).max();
        deepest.unwrap_or_default() * ROW
    }

    /// Returns the tree as an SVG element for the page, whose style sheet has the rest.
    pub fn page(&self) -> String {
        let mut svg = format!("<svg width=\"100%\" height=\"{}\">", self.height());
        self.rows(&mut svg, "<rect/>");
        svg.push_str("</svg>");
        svg
    }

    fn rows(&self, svg: &mut String, rect: &str) {
        let mut rows: Vec<Vec<&Bar>> = Vec::new();
        for bar in self.bars.iter().filter(|bar| bar.width >= DRAWN) {
            if rows.len() <= bar.depth {
                rows.resize_with(bar.depth + 1, Vec::new);
            }
            rows[bar.depth].push(bar);
        }
        for (depth, row) in rows.iter().enumerate() {
            let (y, height) = (depth * ROW, ROW - 1);
            push(svg, format_args!("<svg y=\"{y}\" height=\"{height}\">"));
            row.iter().for_each(|bar| bar.draw(svg, rect));
            svg.push_str("</svg>\n");
        }
    }
}

impl Bar {
    fn draw(&self, svg: &mut String, rect: &str) {
        let BarFace {
            name,
            value,
            paint,
            only,
        } = &self.face;
        let name = escape(name);
        let (left, width) = (self.left * 100.0, self.width * 100.0);
        let (class, only) = (paint.class(), if *only { " only" } else { "" });
        push(
            svg,
            format_args!("<svg x=\"{left:.3}%\" width=\"{width:.3}%\" class=\"{class}{only}\">"),
        );
        let value = escape(value);
        push(svg, format_args!("<title>{name}\n{value}</title>{rect}"));
        if self.width >= LABELLED {
            push(svg, format_args!("<text x=\"3\" y=\"12\">{name}</text>"));
        }
        svg.push_str("</svg>");
    }
}

impl FlameChart {
    /// Returns the drawing as a file that needs no other and no script. `note` says how to read it.
    pub fn file(&self, title: &str, note: &str) -> String {
        let heights = self.trees.iter().map(|tree| TITLE + tree.height());
        let height = 2 * TITLE + heights.sum::<usize>() + TITLE;
        let (title, note) = (escape_all(title), escape_all(note));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\">\n<title>{title}</title>\n<style>{}</style>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
             <text class=\"head\" x=\"8\" y=\"17\">{title}</text>\n<text x=\"8\" y=\"38\">{note}</text>\n",
            style(),
        );
        let mut top = 2 * TITLE;
        for tree in &self.trees {
            let (name, y) = (escape_all(&tree.title), top + 16);
            push(
                &mut svg,
                format_args!("<text class=\"head\" x=\"8\" y=\"{y}\">{name}</text>\n"),
            );
            top += TITLE;
            let (width, height) = (WIDTH - 16, tree.height());
            push(
                &mut svg,
                format_args!("<svg x=\"8\" y=\"{top}\" width=\"{width}\" height=\"{height}\">\n"),
            );
            tree.rows(&mut svg, "<rect width=\"100%\" height=\"100%\"/>");
            svg.push_str("</svg>\n");
            top += tree.height();
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// Returns the style sheet of a file.
fn style() -> String {
    let mut style = String::from(
        "text{font:11px sans-serif;fill:#1b1f24}.head{font-size:13px;font-weight:bold}\
         rect{stroke:#ffffff;stroke-width:.5}.only rect{stroke:#5b6470;stroke-width:2;stroke-dasharray:3 2}",
    );
    for (_, class, fill) in FlamePaint::ALL {
        push(&mut style, format_args!(".{class} rect{{fill:{fill}}}"));
    }
    style
}

fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    // A string takes everything.
    let _ = text.write_fmt(what);
}

/// Escapes the characters that mean something in SVG and HTML, and cuts long text.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if escaped.len() >= LONGEST {
            escaped.push('…');
            break;
        }
        push_escaped(&mut escaped, letter);
    }
    escaped
}

fn escape_all(text: &str) -> String {
    let mut escaped = String::new();
    text.chars()
        .for_each(|letter| push_escaped(&mut escaped, letter));
    escaped
}

fn push_escaped(escaped: &mut String, letter: char) {
    match letter {
        '&' => escaped.push_str("&amp;"),
        '<' => escaped.push_str("&lt;"),
        '>' => escaped.push_str("&gt;"),
        '"' => escaped.push_str("&quot;"),
        '\'' => escaped.push_str("&#39;"),
        other => escaped.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_cuts_names() {
        let face = BarFace {
            name: "</title><script>\"'&".into(),
            value: "1 ns".into(),
            paint: FlamePaint::User,
            only: false,
        };
        let bar = Bar {
            left: 0.0,
            width: 1.0,
            depth: 0,
            face,
        };
        let tree = FlameTree {
            title: "t".into(),
            bars: vec![bar],
        };
        let chart = FlameChart {
            trees: vec![tree.clone()],
        };
        for svg in [tree.page(), chart.file("<b>", "&")] {
            assert!(
                !svg.contains("<script") && !svg.contains("</title><s") && !svg.contains("<b>")
            );
            assert!(svg.contains("&lt;script&gt;&quot;&#39;&amp;"));
        }
        let long = escape(&"<".repeat(1 << 20));
        assert!(long.len() < LONGEST + 10 && long.ends_with('…'));
    }
}
