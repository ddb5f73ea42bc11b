//! Functions at single addresses, whether or not their process has ended.

use super::{FileKey, Names, UserCode};
use crate::record::memory::MappedFile;
use std::collections::BTreeMap;

impl Names<'_> {
    /// Returns the functions at addresses of a process, where a symbol of their file names them.
    pub fn functions(
        mut self,
        pid: u32,
        addresses: impl Iterator<Item = u64>,
    ) -> BTreeMap<u64, String> {
        let mut files: BTreeMap<FileKey, Vec<(UserCode, MappedFile)>> = BTreeMap::new();
        for address in addresses {
            let place = (pid, address);
            if let Some(mapped) = self.file_of(place) {
                let key = (mapped.path.clone(), mapped.inode);
                files.entry(key).or_default().push((place, mapped));
            }
        }
        for (key, places) in files {
            self.look_up_file(key, &places);
        }
        let found = self.user.into_iter();
        let named = found.map(|((_, address), found)| (address, found.place.function));
        named.filter(|(_, function)| !function.is_empty()).collect()
    }
}
