//! The ring alone: how long it takes to ask the kernel for nothing.

use std::io;
use std::time::Duration;

use io_uring::opcode;

use super::clock::now_ns;
use super::pin::pin_to;
use super::ring::{Idle, Ring, Token};

/// Submits no-ops, one at a time, for `duration` on `core`, on the calling thread, which it pins.
/// Tells how many nanoseconds each took.
pub fn nops(core: usize, duration: Duration, each: &mut dyn FnMut(u64)) -> io::Result<()> {
    pin_to(core)?;
    let mut ring = Ring::new(8)?;
    let duration_ns = u64::try_from(duration.as_nanos()).map_err(io::Error::other)?;
    let end_ns = now_ns() + duration_ns;
    let mut events = Vec::new();
    loop {
        let start_ns = now_ns();
        if start_ns >= end_ns {
            return Ok(());
        }
        let token = Token { kind: 1, generation: 0, slot: 0 };
        // SAFETY: a no-op names no memory.
        unsafe { ring.push(opcode::Nop::new().build(), token) }?;
        ring.submit_and_wait(Idle::Block)?;
        ring.reap(&mut events);
        each(now_ns() - start_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ops_come_back_and_take_some_time() {
        let (mut count, mut sum_ns) = (0, 0);
        let duration = Duration::from_millis(5);
        nops(0, duration, &mut |taken_ns| {
            count += 1;
            sum_ns += taken_ns;
        })
        .unwrap();
        assert!(count > 0 && sum_ns > 0);
    }
}
