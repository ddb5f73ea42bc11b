//! Charts as separate files.

use crate::{Error, Input, chart::Theme, document::Figure, section};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Width of charts in files, in units.
const WIDTH: u32 = 960;

/// Writes every chart and every flame graph to `dir` as SVG and returns the paths.
pub fn svg(input: &Input, dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = each(input, dir, "svg", |figure, path| {
        save(path, figure.chart.svg(WIDTH, Theme::File)?)
    })?;
    for figure in section::document(input).flames() {
        let path = dir.join(&figure.id).with_extension("svg");
        save(&path, figure.chart.file(&figure.title, &figure.description))?;
        paths.push(path);
    }
    Ok(paths)
}

fn save(path: &Path, svg: String) -> Result<(), Error> {
    fs::write(path, svg).map_err(|source| Error::File {
        path: path.into(),
        source,
    })
}

/// Writes every chart to `dir` as PNG and returns the paths.
pub fn png(input: &Input, dir: &Path) -> Result<Vec<PathBuf>, Error> {
    each(input, dir, "png", |figure, path| {
        figure.chart.png(WIDTH, path)
    })
}

fn each(
    input: &Input,
    dir: &Path,
    extension: &str,
    write: impl Fn(&Figure, &Path) -> Result<(), Error>,
) -> Result<Vec<PathBuf>, Error> {
    fs::create_dir_all(dir).map_err(|source| Error::File {
        path: dir.into(),
        source,
    })?;
    let document = section::document(input);
    let one = |figure: &Figure| {
        let path = dir.join(&figure.id).with_extension(extension);
        write(figure, &path).map(|()| path)
    };
    document.figures().into_iter().map(one).collect()
}
