//! A broker of which all is known: it answers every produce request after a delay that was decided
//! before, over a socket.

use std::io;

use net::kafka::error_code::ErrorCode;
use runtime::floor::{DelayServer, Delayed};

use super::answer::answer;
use crate::error::{BenchError, io_error};

/// Starts one on `core`, for requests of one record each; `delay_ns` is asked once for every
/// request, in their order.
pub(crate) fn stub(
    core: usize,
    mut delay_ns: impl FnMut() -> u64 + Send + 'static,
) -> Result<DelayServer, BenchError> {
    let respond = move |frame: &[u8]| {
        let answer = answer(frame, ErrorCode::NONE).map_err(io::Error::other)?;
        if answer.records != 1 {
            return Err(io::Error::other("a request of several records"));
        }
        Ok(Delayed { delay_ns: delay_ns(), bytes: answer.bytes })
    };
    DelayServer::start(core, respond).map_err(io_error("start the stub"))
}
