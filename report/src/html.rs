//! The page: templates filled in with a document, charts inline, nothing fetched from anywhere.

use crate::Error;
use crate::chart::Theme;
use crate::document::Document;
use minijinja::{Environment, context};
use serde::Serialize;
use std::{collections::BTreeMap, io::Write};

/// Width charts are drawn at for desks, in CSS pixels.
const WIDE: u32 = 920;
/// Width charts are drawn at for phones: 390 px less the margins.
const NARROW: u32 = 356;

/// One chart at both widths; the style sheet shows the one that fits, so text is never scaled to nothing.
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

/// Templates end in `.html`, so everything they print is escaped unless marked safe: the style sheet and the drawings,
/// whose texts plotters has escaped.
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
        // Inside HTML the namespace is known.
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
