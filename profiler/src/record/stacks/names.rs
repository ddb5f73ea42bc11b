//! Names of the frames of call stacks.
//!
//! blazesym reads symbols and DWARF of files and of the kernel. Code without a symbol keeps its
//! module and the start of its function.

use super::module::ModuleFile;
use crate::record::memory::{MappedFile, WindowRegions};
use crate::record::symbols::{LONGEST_NAME, UNIT};
use blazesym::MaybeDefault;
use blazesym::symbolize::source::{Kernel, Source};
use blazesym::symbolize::{Input, Symbolized, Symbolizer};
use profiler_common::call_stack::CallStack;
use recording::stacks::{Module, StackFrame, StacksBuilder};
use recording::vocabulary::{CodePlace, RegionClass};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

/// Functions at the start of a thread: a stack that reaches one is whole.
const STARTS: [&str; 8] = [
    "_start",
    "__libc_start_call_main",
    "__libc_start_main",
    "start_thread",
    "clone3",
    "clone",
    "runtime.goexit",
    "runtime.mstart",
];

/// A frame that was looked up.
#[derive(Clone, Debug)]
struct Found {
    function: String,
    module: Option<PathBuf>,
    address: u64,
    place: CodePlace,
}

/// Reads symbols of files and of the kernel.
pub struct Symbols(Symbolizer);

impl Symbols {
    /// Reads the kernel's symbols, which needs a privilege (CAP_SYSLOG). Without it, frames of the
    /// kernel have no name.
    pub fn of_kernel() -> Self {
        let symbols = Symbols(
            Symbolizer::builder()
                .enable_code_info(false)
                .enable_inlined_fns(false)
                .build(),
        );
        // Any address will do: the symbolizer keeps what it read.
        symbols.kernel(&[u64::MAX - 0xffff]);
        symbols
    }

    fn kernel(&self, addresses: &[u64]) -> Vec<Option<String>> {
        let source = Source::Kernel(Kernel {
            vmlinux: MaybeDefault::None,
            ..Kernel::default()
        });
        let found = self.0.symbolize(&source, Input::AbsAddr(addresses));
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

/// Names of addresses of one process and of the kernel.
pub struct Names<'a> {
    symbols: &'a Symbols,
    pid: u32,
    regions: WindowRegions<'a>,
    compiled: &'a BTreeMap<u64, String>,
    files: BTreeMap<PathBuf, ModuleFile>,
    user: BTreeMap<u64, Found>,
    kernel: BTreeMap<u64, Found>,
}

impl<'a> Names<'a> {
    /// Prepares to look up addresses. `compiled` names units of compiled code.
    pub fn new(
        symbols: &'a Symbols,
        pid: u32,
        regions: WindowRegions<'a>,
        compiled: &'a BTreeMap<u64, String>,
    ) -> Self {
        Names {
            symbols,
            pid,
            regions,
            compiled,
            files: BTreeMap::new(),
            user: BTreeMap::new(),
            kernel: BTreeMap::new(),
        }
    }

    /// Looks up every address of some stacks, each file once.
    pub fn look_up<'s>(&mut self, stacks: impl Iterator<Item = &'s CallStack>) {
        let (mut user, mut kernel) = (BTreeSet::new(), BTreeSet::new());
        for stack in stacks {
            user.extend(user_frames(stack).iter().enumerate().map(code_address));
            user.extend((stack.top != 0).then(|| stack.top - 1));
            kernel.extend(kernel_frames(stack).iter().enumerate().map(code_address));
        }
        self.look_up_kernel(&kernel.into_iter().collect::<Vec<_>>());
        let mut files: BTreeMap<PathBuf, Vec<(u64, MappedFile)>> = BTreeMap::new();
        for address in user {
            match self.regions.file_of(address) {
                Some(mapped) => {
                    let of_file = files.entry(mapped.path.clone()).or_default();
                    of_file.push((address, mapped));
                }
                None => {
                    let found = self.without_file(address);
                    self.user.insert(address, found);
                }
            }
        }
        for (path, addresses) in files {
            self.look_up_file(path, &addresses);
        }
    }

    fn without_file(&self, address: u64) -> Found {
        let unit = address & !(UNIT - 1);
        Found {
            function: self.compiled.get(&unit).cloned().unwrap_or_default(),
            module: None,
            // Compiled code moves and is compiled again, so that its addresses mean nothing later.
            address: 0,
            place: CodePlace::Region(self.regions.class_of(address)),
        }
    }

    fn look_up_file(&mut self, path: PathBuf, addresses: &[(u64, MappedFile)]) {
        let class = self.regions.class_of(addresses[0].0);
        let file = ModuleFile::open(self.pid, &path, addresses[0].1.inode);
        let offsets: Vec<u64> = addresses.iter().map(|(_, mapped)| mapped.offset).collect();
        let named = file.symbolize(&self.symbols.0, &offsets);
        for (((address, mapped), name), region) in addresses.iter().zip(named).zip(
            addresses
                .iter()
                .map(|(address, _)| self.regions.class_of(*address)),
        ) {
            let (function, start) = match name {
                Some((function, start)) => (function, start),
                None => (String::new(), file.function_start(mapped.offset)),
            };
            let place = match region {
                RegionClass::Unmapped => class,
                known => known,
            };
            let found = Found {
                function: shortened(&function),
                module: Some(path.clone()),
                address: start,
                place: CodePlace::Region(place),
            };
            self.user.insert(*address, found);
        }
        self.files.insert(path, file);
    }

    fn look_up_kernel(&mut self, addresses: &[u64]) {
        for (address, name) in addresses.iter().zip(self.symbols.kernel(addresses)) {
            let found = Found {
                function: shortened(&name.unwrap_or_default()),
                module: None,
                // Kernel addresses are random at each boot, and secret.
                address: 0,
                place: CodePlace::Kernel,
            };
            self.kernel.insert(*address, found);
        }
    }

    /// Returns the frames of a stack, outermost first. Counts broken stacks in `builder`.
    pub fn frames(
        &self,
        stack: &CallStack,
        builder: &mut StacksBuilder,
        samples: u64,
    ) -> Vec<StackFrame> {
        let mut addresses: Vec<u64> = user_frames(stack)
            .iter()
            .enumerate()
            .map(code_address)
            .collect();
        if let Some(caller) = self.missing_caller(stack, &addresses) {
            addresses.insert(1, caller);
        }
        let user: Vec<&Found> = addresses
            .iter()
            .filter_map(|address| self.user.get(address))
            .collect();
        let is_whole = user
            .iter()
            .any(|found| STARTS.contains(&found.function.as_str()));
        if let Some(outermost) = user.last()
            && !is_whole
            && let Some(module) = self.module_of(outermost, builder)
        {
            builder.broken_in(module, samples);
        }
        let kernel = kernel_frames(stack).iter().enumerate().map(code_address);
        let kernel = kernel.filter_map(|address| self.kernel.get(&address));
        let innermost_first: Vec<&Found> = kernel.chain(user).collect();
        let frame = |found: &&Found| StackFrame {
            function: found.function.clone(),
            module: self.module_of(found, builder),
            address: found.address,
            place: found.place,
        };
        innermost_first.iter().rev().map(frame).collect()
    }

    /// Returns the caller that frame pointers miss: the innermost function keeps no frame, and its
    /// return address is on top of the stack.
    fn missing_caller(&self, stack: &CallStack, addresses: &[u64]) -> Option<u64> {
        let innermost = self.user.get(addresses.first()?)?;
        let file = self.files.get(innermost.module.as_ref()?)?;
        let caller = stack.top.checked_sub(1)?;
        let mapped = self.regions.file_of(caller)?;
        let is_call = self
            .files
            .get(&mapped.path)?
            .is_after_call(mapped.offset + 1);
        let is_new = addresses.get(1) != Some(&caller);
        (!file.keeps_frame_pointers() && is_call && is_new).then_some(caller)
    }

    /// Returns the file that code was mapped from, and the code's place in it.
    pub fn code_at(&self, address: u64) -> Option<(&File, u64)> {
        let mapped = self.regions.file_of(address)?;
        let file = self.files.get(&mapped.path)?.file()?;
        Some((file, mapped.offset))
    }

    /// Returns the file of a module.
    pub fn file_of(&self, module: &Module) -> Option<&File> {
        let mut files = self.files.iter();
        let (_, found) = files.find(|(path, file)| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| name == *module.file) && file.build_id() == module.build_id
        })?;
        found.file()
    }

    fn module_of(&self, found: &Found, builder: &mut StacksBuilder) -> Option<usize> {
        let path = found.module.as_ref()?;
        let name = path.file_name()?.to_string_lossy();
        let build_id = self.files.get(path).map_or("", ModuleFile::build_id);
        Some(builder.module(&name, build_id))
    }
}

fn user_frames(stack: &CallStack) -> &[u64] {
    &stack.user[..(stack.user_len as usize).min(stack.user.len())]
}

fn kernel_frames(stack: &CallStack) -> &[u64] {
    &stack.kernel[..(stack.kernel_len as usize).min(stack.kernel.len())]
}

/// Returns the address of the code of a frame: of a return address that of the call before it.
fn code_address((place, address): (usize, &u64)) -> u64 {
    if place == 0 {
        *address
    } else {
        address.saturating_sub(1)
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}
