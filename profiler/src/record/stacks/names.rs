//! Names of the frames of call stacks.
//!
//! Symbols of files name user code, and blazesym names the kernel's. Code without a symbol keeps
//! its module and the start of its function.

mod functions;

use super::module::{ModuleFile, Place};
use super::sources::Symbols;
use crate::record::java;
use crate::record::memory::MappedFile;
use crate::record::process_code::Processes;
use crate::record::symbols::package::{Language, package};
use crate::record::symbols::readable::shortened;
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
    module: Option<FileKey>,
    place: Place,
    region: CodePlace,
    /// The package, where neither the function nor the file says it.
    package: String,
}

impl Found {
    /// Makes a frame of code that no file holds. Compiled code moves and is compiled again, and the
    /// kernel's addresses are random at each boot and secret, so that neither keeps an address.
    fn without_file(function: &str, region: CodePlace) -> Self {
        let place = Place {
            function: shortened(function),
            ..Place::default()
        };
        Found {
            module: None,
            place,
            region,
            package: String::new(),
        }
    }
}

/// A place in the user code of a process: process id and address.
type UserCode = (u32, u64);

/// A file of code: path and inode.
type FileKey = (PathBuf, u64);

/// Names of addresses of processes and of the kernel.
pub struct Names<'a> {
    symbols: &'a Symbols,
    processes: &'a Processes,
    files: BTreeMap<FileKey, ModuleFile>,
    user: BTreeMap<UserCode, Found>,
    kernel: BTreeMap<u64, Found>,
}

impl<'a> Names<'a> {
    /// Prepares to look up addresses.
    pub fn new(symbols: &'a Symbols, processes: &'a Processes) -> Self {
        Names {
            symbols,
            processes,
            files: BTreeMap::new(),
            user: BTreeMap::new(),
            kernel: BTreeMap::new(),
        }
    }

    /// Looks up every address of some stacks with their processes, each file once. `compiled` names
    /// compiled code.
    pub fn look_up<'s>(
        &mut self,
        stacks: impl Iterator<Item = (u32, &'s CallStack)>,
        compiled: &BTreeMap<UserCode, String>,
    ) {
        let (mut user, mut kernel) = (BTreeSet::new(), BTreeSet::new());
        for (pid, stack) in stacks {
            user.extend(user_code(stack).map(|address| (pid, address)));
            kernel.extend(kernel_frames(stack).iter().enumerate().map(code_address));
        }
        self.look_up_kernel(&kernel.into_iter().collect::<Vec<_>>());
        let mut files: BTreeMap<FileKey, Vec<(UserCode, MappedFile)>> = BTreeMap::new();
        let mut packages = java::packages(self.processes, compiled);
        for place in user {
            match self.file_of(place) {
                Some(mapped) => {
                    let key = (mapped.path.clone(), mapped.inode);
                    files.entry(key).or_default().push((place, mapped));
                }
                None => {
                    let function = compiled.get(&place).map_or("", String::as_str);
                    let region = CodePlace::Region(self.class_of(place));
                    let found = Found {
                        package: packages.remove(&place).unwrap_or_default(),
                        ..Found::without_file(function, region)
                    };
                    self.user.insert(place, found);
                }
            }
        }
        for (key, places) in files {
            self.look_up_file(key, &places);
        }
    }

    fn file_of(&self, (pid, address): UserCode) -> Option<MappedFile> {
        self.processes.get(pid)?.file_of(address)
    }

    fn class_of(&self, (pid, address): UserCode) -> RegionClass {
        let process = self.processes.get(pid);
        process.map_or(RegionClass::Unmapped, |process| process.class_of(address))
    }

    fn look_up_file(&mut self, key: FileKey, places: &[(UserCode, MappedFile)]) {
        let offsets: Vec<u64> = places.iter().map(|(_, mapped)| mapped.offset).collect();
        // Any of its processes may have ended before it was looked at.
        let mut processes = places
            .iter()
            .filter_map(|((pid, _), _)| self.processes.get(*pid));
        let file = processes.find_map(|process| {
            let file = process.open(&places[0].1)?;
            let debug_files = &self.symbols.debug_files;
            ModuleFile::read(file, (debug_files, process.root()), &places[0].1, &offsets)
        });
        let file = file.unwrap_or_default();
        for (place, mapped) in places {
            let found = Found {
                module: Some(key.clone()),
                place: file.place(mapped.offset),
                region: CodePlace::Region(self.class_of(*place)),
                package: String::new(),
            };
            self.user.insert(*place, found);
        }
        self.files.insert(key, file);
    }

    fn look_up_kernel(&mut self, addresses: &[u64]) {
        for (address, name) in addresses.iter().zip(self.symbols.kernel(addresses)) {
            let name = name.unwrap_or_default();
            let found = Found::without_file(&name, CodePlace::Kernel);
            self.kernel.insert(*address, found);
        }
    }

    /// Returns the function of the kernel that was interrupted at an address, or the address.
    pub fn kernel_function(&self, address: u64) -> String {
        let found = self.kernel.get(&address);
        let function = found.map(|found| found.place.function.clone());
        let known = function.filter(|function| !function.is_empty());
        known.unwrap_or_else(|| format!("{address:#x}"))
    }

    /// Returns the frames of a stack, outermost first. Counts broken stacks in `builder`.
    pub fn frames(
        &self,
        pid: u32,
        stack: &CallStack,
        builder: &mut StacksBuilder,
        samples: u64,
    ) -> Vec<StackFrame> {
        let mut addresses: Vec<u64> = user_frames(stack)
            .iter()
            .enumerate()
            .map(code_address)
            .collect();
        if let Some(caller) = self.missing_caller(pid, stack, &addresses) {
            addresses.insert(1, caller);
        }
        let user: Vec<&Found> = addresses
            .iter()
            .filter_map(|address| self.user.get(&(pid, *address)))
            .collect();
        let is_whole = user
            .iter()
            .any(|found| STARTS.contains(&found.place.function.as_str()));
        if let Some(outermost) = user.last()
            && !is_whole
            && let Some(module) = self.module_of(outermost, builder)
        {
            builder.broken_in(module, samples);
        }
        let kernel = kernel_frames(stack).iter().enumerate().map(code_address);
        let kernel = kernel.filter_map(|address| self.kernel.get(&address));
        let innermost_first: Vec<&Found> = kernel.chain(user).collect();
        let outermost_first = innermost_first.into_iter().rev();
        let frames = outermost_first.flat_map(|found| self.frames_of(found, builder));
        frames.collect()
    }

    /// Returns the frame of an address, after those of the functions that it is inlined into.
    fn frames_of(&self, found: &Found, builder: &mut StacksBuilder) -> Vec<StackFrame> {
        let frame = StackFrame {
            function: found.place.function.clone(),
            module: self.module_of(found, builder),
            address: found.place.start,
            code: found.place.code,
            place: found.region,
            ..StackFrame::default()
        };
        let frames = frame.with_inlined(&found.place.inlined).into_iter();
        frames
            .map(|frame| self.with_package(found, frame))
            .collect()
    }

    fn with_package(&self, found: &Found, frame: StackFrame) -> StackFrame {
        if found.region == CodePlace::Kernel {
            return frame;
        }
        if !found.package.is_empty() {
            let package = found.package.clone();
            return StackFrame { package, ..frame };
        }
        let key = found.module.as_ref();
        let file = key.and_then(|key| self.files.get(key));
        let language = file.map_or(Language::Other, ModuleFile::language);
        let path = key.map(|(path, _)| path.as_path());
        StackFrame {
            package: package(&frame.function, path, language),
            ..frame
        }
    }

    /// Returns the caller that frame pointers miss: the innermost function keeps no frame, and its
    /// return address is on top of the stack.
    fn missing_caller(&self, pid: u32, stack: &CallStack, addresses: &[u64]) -> Option<u64> {
        let innermost = self.user.get(&(pid, *addresses.first()?))?;
        let file = self.files.get(innermost.module.as_ref()?)?;
        let caller = stack.top.checked_sub(1)?;
        let mapped = self.file_of((pid, caller))?;
        let called_from = self.files.get(&(mapped.path, mapped.inode))?;
        let is_call = called_from.is_after_call(mapped.offset + 1);
        let is_new = addresses.get(1) != Some(&caller);
        (!file.keeps_frame_pointers() && is_call && is_new).then_some(caller)
    }

    /// Returns the file that code was mapped from, and the code's place in it.
    pub fn code_at(&self, place: UserCode) -> Option<(&File, u64)> {
        let mapped = self.file_of(place)?;
        let file = self.files.get(&(mapped.path, mapped.inode))?.file()?;
        Some((file, mapped.offset))
    }

    /// Returns the file of a module.
    pub fn file_of_module(&self, module: &Module) -> Option<&File> {
        let mut files = self.files.iter();
        let (_, found) = files.find(|((path, _), file)| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| name == *module.file) && file.build_id() == module.build_id
        })?;
        found.file()
    }

    fn module_of(&self, found: &Found, builder: &mut StacksBuilder) -> Option<usize> {
        let key = found.module.as_ref()?;
        let name = key.0.file_name()?.to_string_lossy();
        let build_id = self.files.get(key).map_or("", ModuleFile::build_id);
        Some(builder.module(&name, build_id))
    }
}

/// Returns the addresses of a stack's user code, with the caller that frame pointers may miss.
pub fn user_code(stack: &CallStack) -> impl Iterator<Item = u64> + '_ {
    let frames = user_frames(stack).iter().enumerate().map(code_address);
    frames.chain((stack.top != 0).then(|| stack.top - 1))
}

fn user_frames(stack: &CallStack) -> &[u64] {
    &stack.user[..(stack.user_len as usize).min(stack.user.len())]
}

/// Frames of the kernel, innermost first.
pub fn kernel_frames(stack: &CallStack) -> &[u64] {
    &stack.kernel[..(stack.kernel_len as usize).min(stack.kernel.len())]
}

/// Returns the address of the code of a frame: of a return address that of the call before it.
pub fn code_address((place, address): (usize, &u64)) -> u64 {
    if place == 0 {
        *address
    } else {
        address.saturating_sub(1)
    }
}
