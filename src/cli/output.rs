//! Standard output that may be closed by its reader, as `head` does, which is no failure.

use std::io::{self, BufWriter, Stdout, Write};

use super::failure::Failure;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 << 10;

/// Buffered standard output.
pub(super) struct Output {
    writer: BufWriter<Stdout>,
    closed: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        let writer = BufWriter::with_capacity(BUFFER_BYTES, io::stdout());
        Self { writer, closed: false }
    }

    /// Whether the reader has gone: nothing that is written is seen any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes bytes, when enough have come together.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let result = self.writer.write_all(bytes);
        self.note(result)
    }

    /// Writes what has come together.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        let result = self.writer.flush();
        self.note(result)
    }

    fn note(&mut self, result: io::Result<()>) -> Result<(), Failure> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other.map_err(|error| {
                Failure::new(format_args!("standard output can not be written: {error}"))
            }),
        }
    }
}

/// Writes a text that is complete.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut output = Output::new();
    output.write(text.as_bytes())?;
    output.flush()
}
