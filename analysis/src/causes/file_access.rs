//! Files used while serving.

use super::{About, Case, Hit, Kind, Rule};
/// See the module.
pub struct FileAccess;

const ABOUT: About = About {
    id: "file-access",
    title: "Using files",
    pattern: "System calls on files",
    meaning: "Files are opened, read or synced while requests are served",
    remedy: "Read once and keep it; move what must be written off the serving path",
};

impl Rule for FileAccess {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.work("using files")?;
        let text = case.counts("calls", &rows);
        Some(Hit {
            rows,
            text,
            evidence: vec![],
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn file_access_is_found() {
        let found = planted("file-access", |build| build.call("fsync", 100, DOSE));
        assert_whole(&found);
    }
}
