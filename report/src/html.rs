//! The page: templates filled in with a document. Charts are inline; nothing is fetched.

use crate::Error;
use crate::chart::Theme;
use crate::document::Document;
use minijinja::{Environment, context};
use serde::Serialize;
use std::{collections::BTreeMap, io::Write};

/// Width of charts on a desktop, in CSS pixels.
const WIDE: u32 = 920;
/// Width of charts on a phone: 390 px minus the margins.
const NARROW: u32 = 356;

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
    page.render_captured_to(
        context! { document, charts => charts(document)?, style },
        &mut *out,
    )?;
    Ok(())
}

/// Loads the templates. They end in `.html`, so that everything they print is escaped, except for
/// the style sheet and the drawings, whose text plotters escapes.
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
