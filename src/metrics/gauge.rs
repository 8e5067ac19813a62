//! What a shard has at the moment.

use super::row::rows;

rows! {
    /// A number that goes up and down.
    pub enum Gauge {
        Connections = "tidemill_connections", "Open connections.";
        WaitingProduces = "tidemill_waiting_produces",
            "Produce requests that wait for room in the log.";
        WaitingFetches = "tidemill_waiting_fetches", "Fetch requests that wait for records.";
        FetchSessions = "tidemill_fetch_sessions", "Fetch sessions that are kept (KIP-227).";
        FetchSessionPartitions = "tidemill_fetch_session_partitions",
            "Partitions in all fetch sessions.";
        Groups = "tidemill_groups", "Consumer groups that are coordinated here.";
        GroupWaits = "tidemill_group_waits",
            "Requests that wait for a group's coordinator, joins for the other members included.";
        FrameBytes = "tidemill_frame_bytes", "Memory of requests that are being received.";
        ProvidedBuffersFree = "tidemill_provided_buffers_free",
            "Receive buffers that the kernel can fill.";
        TailBytes = "tidemill_tail_bytes", "Memory of recent batches and commits.";
        JournalUsedBytes = "tidemill_journal_used_bytes",
            "Bytes of the journal that are not free to be written again.";
        Logs = "tidemill_logs", "Partitions that live here.";
        OfflineLogs = "tidemill_offline_logs", "Partitions that can not be used: see the log.";
        LogBytes = "tidemill_log_bytes", "Bytes of all logs that live here, as consumers see them.";
        OpenSegmentFiles = "tidemill_open_segment_files", "Segments with an open descriptor.";
    }
}

/// How many there are.
pub(super) const GAUGES: usize = Gauge::ALL.len();
