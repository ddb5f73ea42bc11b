//! Sources of symbols that all processes share: the kernel, and separate debug files.

use crate::record::symbols::debug_files::DebugFiles;
use blazesym::MaybeDefault;
use blazesym::symbolize::source::{Kernel, Source};
use blazesym::symbolize::{Input, Symbolized, Symbolizer};
use std::path::PathBuf;

/// Sources of symbols: those of the kernel, and separate debug files.
pub struct Symbols {
    kernel: Symbolizer,
    /// Separate debug files.
    pub debug_files: DebugFiles,
}

impl Symbols {
    /// Reads the kernel's symbols, which needs a privilege (CAP_SYSLOG). Without it, frames of the
    /// kernel have no name. Debug files are looked for in `folders` first.
    pub fn read(folders: &[PathBuf]) -> Self {
        let kernel = Symbolizer::builder()
            .enable_code_info(false)
            .enable_inlined_fns(false)
            .build();
        let symbols = Symbols {
            kernel,
            debug_files: DebugFiles::new(folders),
        };
        // Any address will do: the symbolizer keeps what it read.
        symbols.kernel(&[u64::MAX - 0xffff]);
        symbols
    }

    /// Names addresses of the kernel.
    pub fn kernel(&self, addresses: &[u64]) -> Vec<Option<String>> {
        let source = Source::Kernel(Kernel {
            vmlinux: MaybeDefault::None,
            ..Kernel::default()
        });
        let found = self.kernel.symbolize(&source, Input::AbsAddr(addresses));
        let Ok(found) = found else {
            return vec![None; addresses.len()];
        };
        let names = found.into_iter().map(|found| match found {
            Symbolized::Sym(symbol) => Some(symbol.name.into_owned()),
            Symbolized::Unknown(_) => None,
        });
        names.collect()
    }
}
