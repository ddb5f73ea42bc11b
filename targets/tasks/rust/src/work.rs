//! Work for all CPUs: computing, and reading a tree of files.

use std::path::PathBuf;

use anyhow::Result;
use tokio::fs;
use tokio::task::JoinSet;

use crate::Done;

/// Runs each piece, a number of steps of xorshift, in a separate task.
pub async fn compute(pieces: usize, steps: usize) -> Result<Done> {
    let mut tasks = JoinSet::new();
    for piece in 0..pieces {
        let seed = u32::try_from(piece)? + 1;
        tasks.spawn(async move {
            (0..steps).fold(seed, |mut x, _| {
                x ^= x << 13;
                x ^= x >> 17;
                x ^ (x << 5)
            })
        });
    }
    let mut sum = 0_u32;
    while let Some(x) = tasks.join_next().await {
        sum = sum.wrapping_add(x?);
    }
    Ok(Done { done: pieces, sum })
}

/// Result of one folder.
#[derive(Default)]
struct Found {
    done: Done,
    folders: Vec<PathBuf>,
}

/// Reads every file below the folder in one task per folder, and hashes each `passes` times.
pub async fn read(folder: PathBuf, passes: usize) -> Result<Done> {
    let mut tasks = JoinSet::new();
    tasks.spawn(one(folder, passes));
    let mut total = Done::default();
    while let Some(found) = tasks.join_next().await {
        let Found { done, folders } = found??;
        total.done += done.done;
        total.sum = total.sum.wrapping_add(done.sum);
        for folder in folders {
            tasks.spawn(one(folder, passes));
        }
    }
    Ok(total)
}

async fn one(folder: PathBuf, passes: usize) -> Result<Found> {
    let mut found = Found::default();
    let mut entries = fs::read_dir(folder).await?;
    while let Some(entry) = entries.next_entry().await? {
        if entry.file_type().await?.is_dir() {
            found.folders.push(entry.path());
            continue;
        }
        let data = fs::read(entry.path()).await?;
        found.done.done += 1;
        let mut add = |value| found.done.sum = found.done.sum.wrapping_add(value);
        add(u32::try_from(data.len())?);
        (0..passes).for_each(|_| add(fnv(std::hint::black_box(&data))));
    }
    Ok(found)
}

fn fnv(data: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
    data.iter().fold(2_166_136_261, step)
}
