//! The page: templates filled in with a document. Charts are inline; nothing is fetched.

mod rows;

use crate::Error;
use crate::chart::{Chart, Hover, Theme};
use crate::document::Document;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::{AutoEscape, Environment, context, escape_formatter};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, io::Write};

/// Width of charts on a desktop, in CSS pixels.
const WIDE: u32 = 920;
/// Width of charts on a phone: 390 px minus the margins.
const NARROW: u32 = 356;

/// Tabs, order of tables and choice of arms.
const PAGE_SCRIPT: &str = include_str!("../templates/page.js");

/// The script of flame graphs.
const FLAME_SCRIPT: &str = include_str!("../templates/flame.js");

/// A script with the source by which the page's policy allows it to run: the hash of its content.
/// Text of an observed process that reads like a script has another.
#[derive(Serialize)]
struct Script {
    text: &'static str,
    hash: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        let digest = BASE64_STANDARD.encode(Sha256::digest(text));
        Script {
            text,
            hash: format!("sha256-{digest}"),
        }
    }
}

/// One chart at both widths. The style sheet shows the one that fits, so that text stays readable.
#[derive(Serialize)]
struct Drawn {
    wide: String,
    narrow: String,
    /// Values for a reader who points at the chart, as JSON escaped for an attribute in single
    /// quotes; empty where the drawing has them.
    hover: String,
}

/// Writes the page.
pub fn render(document: &Document, out: &mut dyn Write) -> Result<(), Error> {
    let environment = environment()?;
    let page = environment.get_template("page.html")?;
    let style = include_str!("../templates/style.css");
    let flames = flames(document);
    let mut scripts = vec![Script::new(PAGE_SCRIPT)];
    scripts.extend((!flames.is_empty()).then(|| Script::new(FLAME_SCRIPT)));
    page.render_captured_to(
        context! { document, charts => charts(document)?, flames, style, scripts },
        &mut *out,
    )?;
    Ok(())
}

/// A flame graph of the page.
#[derive(Serialize)]
struct DrawnFlame<'a> {
    title: &'a str,
    svg: String,
}

fn flames(document: &Document) -> BTreeMap<&str, Vec<DrawnFlame<'_>>> {
    let drawn = document.flames().into_iter().map(|flame| {
        let trees = flame.chart.trees.iter().map(|tree| DrawnFlame {
            title: &tree.title,
            svg: tree.page(),
        });
        (flame.id.as_str(), trees.collect())
    });
    drawn.collect()
}

/// Loads the templates. They end in `.html`, so that everything they print is escaped, except for
/// the style sheet, the script and the drawings, which escape their text.
fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    // The default escapes slashes too, of which places of numbers are full.
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() && state.auto_escape() == AutoEscape::Html => {
            Ok(out.write_str(&in_single_quotes(text).replace('"', "&quot;"))?)
        }
        _ => escape_formatter(out, state, value),
    });
    rows::add_filters(&mut environment);
    environment.add_template("page.html", include_str!("../templates/page.html"))?;
    environment.add_template("blocks.html", include_str!("../templates/blocks.html"))?;
    Ok(environment)
}

/// Escapes text for an attribute in single quotes. JSON is mostly double quotes, which take six
/// bytes each in the other kind.
fn in_single_quotes(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    escaped.replace('>', "&gt;").replace('\'', "&#39;")
}

fn charts(document: &Document) -> Result<BTreeMap<&str, Drawn>, Error> {
    let draw = |figure: &crate::document::Figure, width| {
        let svg = figure.chart.svg(width, Theme::Page)?;
        // HTML knows the namespace.
        Ok::<_, Error>(svg.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1))
    };
    let drawn = document.figures().into_iter().map(|figure| {
        let hover = match &figure.chart {
            Chart::Lines(lines) => {
                in_single_quotes(&serde_json::to_string(&Hover::of(lines, WIDE, NARROW))?)
            }
            Chart::Waterfall(_) | Chart::Waits(_) => String::new(),
        };
        let drawn = Drawn {
            wide: draw(figure, WIDE)?,
            narrow: draw(figure, NARROW)?,
            hover,
        };
        Ok((figure.id.as_str(), drawn))
    });
    drawn.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_ends_an_attribute_in_single_quotes() {
        let hostile = r#"{"name":"'><script>&"}"#;
        let escaped = r#"{"name":"&#39;&gt;&lt;script&gt;&amp;"}"#;
        assert_eq!(in_single_quotes(hostile), escaped);
    }
}
