//! TCP sockets that the target has open, visited by an iterator of the kernel (Linux 5.8).

use anyhow::{Context, Result};
use aya::programs::Iter;
use aya::{Btf, Ebpf};
use std::io::{ErrorKind, Read};

/// Name of the program, and of what it iterates over.
const PROGRAM: (&str, &str) = ("open_sockets", "task_file");

/// Loads the program.
///
/// # Errors
/// The kernel refuses the program.
pub fn load(bpf: &mut Ebpf, btf: &Btf) -> Result<()> {
    Ok(program(bpf)?.load(PROGRAM.1, btf)?)
}

/// Counts the time until now in which full windows of peers kept open sockets from sending. Without
/// the program, that after the last send of each is missing.
pub fn count_limited(bpf: &mut Ebpf) {
    if let Err(error) = visit(bpf) {
        log::debug!("no iterator over files: {error:#}");
    }
}

fn program(bpf: &mut Ebpf) -> Result<&mut Iter> {
    let program = bpf.program_mut(PROGRAM.0);
    Ok(program
        .context("the object has no iterator over files")?
        .try_into()?)
}

fn visit(bpf: &mut Ebpf) -> Result<()> {
    let program = program(bpf)?;
    let link = program.attach()?;
    let mut file = program.take_link(link)?.into_file()?;
    // The program writes nothing. The kernel ends a read after a million files (EAGAIN).
    loop {
        match file.read(&mut [0; 8]) {
            Ok(0) => return Ok(()),
            Ok(_) => (),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock) => (),
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted) => (),
            Err(error) => return Err(error.into()),
        }
    }
}
