//! The page: templates filled in with a document. Charts are inline; nothing is fetched.

use crate::Error;
use crate::chart::Theme;
use crate::document::Document;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::{Environment, context};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, io::Write};

/// Width of charts on a desktop, in CSS pixels.
const WIDE: u32 = 920;
/// Width of charts on a phone: 390 px minus the margins.
const NARROW: u32 = 356;

/// The script of flame graphs.
const SCRIPT: &str = include_str!("../templates/flame.js");

/// One chart at both widths. The style sheet shows the one that fits, so that text stays readable.
#[derive(Serialize)]
struct Drawn {
    wide: String,
    narrow: String,
}

/// Writes the page.
pub fn render(document: &Document, out: &mut dyn Write) -> Result<(), Error> {
    let environment = environment()?;
    let page = environment.get_template("page.html")?;
    let style = include_str!("../templates/style.css");
    let flames = flames(document);
    // A page without flame graphs runs no script at all.
    let script = (!flames.is_empty()).then_some(SCRIPT);
    let script_hash = script_hash();
    page.render_captured_to(
        context! { document, charts => charts(document)?, flames, style, script, script_hash },
        &mut *out,
    )?;
    Ok(())
}

/// Returns the source that the page's policy allows to run: the one script, by its content. Text of
/// an observed process that reads like a script would have another.
fn script_hash() -> String {
    let digest = Sha256::digest(SCRIPT);
    format!("sha256-{}", BASE64_STANDARD.encode(digest))
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
    environment.add_template("page.html", include_str!("../templates/page.html"))?;
    environment.add_template("blocks.html", include_str!("../templates/blocks.html"))?;
    Ok(environment)
}

fn charts(document: &Document) -> Result<BTreeMap<&str, Drawn>, Error> {
    let draw = |figure: &crate::document::Figure, width| {
        let svg = figure.chart.svg(width, Theme::Page)?;
        // HTML knows the namespace.
        Ok::<_, Error>(svg.replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1))
    };
    let drawn = document.figures().into_iter().map(|figure| {
        Ok((
            figure.id.as_str(),
            Drawn {
                wide: draw(figure, WIDE)?,
                narrow: draw(figure, NARROW)?,
            },
        ))
    });
    drawn.collect()
}
