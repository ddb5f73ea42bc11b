//! Words for requests to block devices.

use super::vocabulary;

vocabulary! {
    /// The purpose of a request, in the classes of the kernel's own statistics.
    #[derive(Default)]
    BlockOperation {
        /// Data is read.
        Read = "read", "read";
        /// Data is written, zeros that the device makes included.
        Write = "write", "write";
        /// The cache of the device is flushed.
        Flush = "flush", "flush";
        /// The device forgets data.
        Discard = "discard", "discard";
        /// A command of a driver.
        #[default]
        Other = "other", "other";
    }
}

vocabulary! {
    /// Whose thread submits a request.
    #[derive(Default)]
    Submitter {
        /// The target's.
        Target = "target", "target";
        /// The kernel's: write-back, journals, flushes, on behalf of any process.
        Kernel = "kernel", "kernel (write-back)";
        /// Another process's.
        #[default]
        Others = "others", "other processes";
    }
}
