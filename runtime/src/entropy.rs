//! Random bytes, for ids that must never repeat. Not for decisions: those replay.

/// Fills `bytes` from the kernel's generator.
pub fn fill_random(bytes: &mut [u8]) {
    let mut filled = 0;
    while filled < bytes.len() {
        let rest = &mut bytes[filled..];
        // SAFETY: a writable buffer of the given length.
        let count = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        // Only a signal can interrupt it, once the kernel's generator is seeded.
        filled += usize::try_from(count).unwrap_or(0);
    }
}
