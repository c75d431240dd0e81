//! The one door to standard output, where data goes. Knows no data.

use anyhow::Context;
use std::io::ErrorKind;
use std::io::Write;

/// Prints `text` as it is. A reader that has read enough and left, as `head` does, is no error.
pub fn data(text: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("standard output can't be written to"),
    }
}
