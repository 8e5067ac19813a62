//! What a shard counts.

use super::row::rows;

rows! {
    /// A number that only grows. Requests and errors are counted apart, by API and by code.
    pub enum Counter {
        ConnectionsOpened = "tidemill_connections_opened_total", "Connections taken.";
        ConnectionsClosed = "tidemill_connections_closed_total",
            "Connections ended, by either side.";
        ConnectionsRefused = "tidemill_connections_refused_total",
            "Connections closed as they came, over the limit.";
        ConnectionsMoved = "tidemill_connections_moved_total",
            "Connections handed to the shard that owns their data.";
        ReceivedBytes = "tidemill_received_bytes_total", "Bytes received from clients.";
        SentBytes = "tidemill_sent_bytes_total", "Bytes sent to clients.";
        ProducedBatches = "tidemill_produced_batches_total", "Batches appended.";
        ProducedRecords = "tidemill_produced_records_total", "Records appended.";
        ProducedBytes = "tidemill_produced_bytes_total", "Bytes of batches appended.";
        DuplicateBatches = "tidemill_duplicate_batches_total",
            "Batches of idempotent producers that were there already.";
        RefusedProduces = "tidemill_refused_produces_total",
            "Produce requests that waited for room in the log until their timeout.";
        CopiedProduce = "tidemill_copied_bytes_total" { path = "produce" },
            "Bytes copied in memory: batches on their way in; around batches in answers.";
        CopiedFetch = "tidemill_copied_bytes_total" { path = "fetch" },
            "Bytes copied in memory: batches on their way in; around batches in answers.";
        FetchedHot = "tidemill_fetched_bytes_total" { source = "hot" },
            "Bytes of batches sent to consumers, from memory (hot) or from segments (cold).";
        FetchedCold = "tidemill_fetched_bytes_total" { source = "cold" },
            "Bytes of batches sent to consumers, from memory (hot) or from segments (cold).";
        FetchSessionEvictions = "tidemill_fetch_session_evictions_total",
            "Fetch sessions given up for want of room.";
        Splices = "tidemill_splices_total", "Moves from a segment to a socket past user memory.";
        ThrottledReads = "tidemill_throttled_reads_total",
            "Times that a socket was not read for want of memory.";
        MeshRequests = "tidemill_mesh_requests_total", "Requests sent to other shards.";
        Commits = "tidemill_journal_commits_total", "Commits written to the journal.";
        Barriers = "tidemill_journal_barriers_total", "Barriers that made commits durable.";
        JournalBytes = "tidemill_journal_written_bytes_total",
            "Bytes written to the journal, padding included.";
        FlushPasses = "tidemill_flush_passes_total", "Passes that moved batches into segments.";
        FlushedBytes = "tidemill_flushed_bytes_total", "Bytes written to segments.";
        CheckpointWrites = "tidemill_checkpoint_writes_total", "Checkpoints written.";
        Compactions = "tidemill_compactions_total", "Times that a partition was compacted.";
        CompactedBytes = "tidemill_compacted_bytes_total",
            "Bytes that compaction has taken out of segments.";
        DeletedSegments = "tidemill_deleted_segments_total", "Segments deleted by retention.";
    }
}

/// How many there are.
pub(super) const COUNTERS: usize = Counter::ALL.len();
