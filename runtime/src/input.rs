//! Standard input through the ring, so that a command can wait for it and for the network at once.

use std::io;
use std::os::fd::AsFd;

use crate::descriptor::Fd;
use crate::driver::op::Op;
use crate::executor::Runtime;
use crate::file::{check, count_of};

/// Bytes asked for at a time.
const READ_BYTES: usize = 64 * 1024;

/// The process's standard input: a file, a pipe or a terminal.
pub struct StandardInput {
    runtime: Runtime,
    descriptor: Fd,
}

impl StandardInput {
    /// Duplicates the descriptor; the original stays open.
    pub fn new(runtime: &Runtime) -> io::Result<Self> {
        let descriptor = std::io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self { runtime: runtime.clone(), descriptor: runtime.adopt(descriptor) })
    }

    /// The next bytes, empty at the end. Dropping the future may lose what was being read.
    pub async fn read(&self) -> io::Result<Vec<u8>> {
        let buffer = vec![0; READ_BYTES];
        let op = Op::ReadStream { file: self.descriptor.clone(), buffer };
        let (op, completion) = self.runtime.submit(op).await;
        let Op::ReadStream { mut buffer, .. } = op else { unreachable!("a read comes back") };
        buffer.truncate(count_of(check(completion)?));
        Ok(buffer)
    }
}
