// Writes the Java client's own bytes for the records that golden.rs expects. How to run: README.md.
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.ControlRecordType;
import org.apache.kafka.common.record.EndTransactionMarker;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MemoryRecordsBuilder;
import org.apache.kafka.common.record.RecordBatch;
import org.apache.kafka.common.record.TimestampType;

public final class Golden {
    static final long TIME = 1_700_000_000_000L;

    static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i / 7 % 251);
        }
        return bytes;
    }

    static MemoryRecordsBuilder builder(Compression codec, TimestampType type, long appendTime,
                                        long producerId, short epoch, int sequence, boolean transactional) {
        return MemoryRecords.builder(ByteBuffer.allocate(1024), RecordBatch.CURRENT_MAGIC_VALUE, codec, type,
            0L, appendTime, producerId, epoch, sequence, transactional, false, -1);
    }

    static MemoryRecordsBuilder plain(Compression codec) {
        return builder(codec, TimestampType.CREATE_TIME, -1L, -1L, (short) -1, -1, false);
    }

    static void appendSmall(MemoryRecordsBuilder batch) {
        batch.append(TIME, text("k0"), text("first"), new Header[0]);
        batch.append(TIME + 5, null, text("no key"), new Header[] {
            new RecordHeader("h", text("1")),
            new RecordHeader("h", text("2")),
            new RecordHeader("h", (byte[]) null),
            new RecordHeader("h\u00e9ader", new byte[] {0, (byte) 0xff}),
            new RecordHeader("", new byte[0]),
        });
        batch.append(TIME - 3, new byte[0], null, new Header[0]);
        batch.append(TIME + 1_000_000, new byte[] {0, (byte) 0xff}, pattern(300), new Header[0]);
    }

    static void write(Path directory, String name, MemoryRecords records) throws Exception {
        ByteBuffer buffer = records.buffer().duplicate();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        Files.write(directory.resolve(name), bytes);
    }

    static void compressed(Path directory, String name, Compression codec) throws Exception {
        MemoryRecordsBuilder batch = plain(codec);
        appendSmall(batch);
        batch.append(TIME + 7, text("big"), pattern(150_000), new Header[0]);
        write(directory, name, batch.build());
    }

    static void marker(Path directory, String name, ControlRecordType type) throws Exception {
        write(directory, name, MemoryRecords.withEndTransactionMarker(
            77L, TIME, 5, 4711L, (short) 3, new EndTransactionMarker(type, 9)));
    }

    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        MemoryRecordsBuilder none = plain(Compression.NONE);
        appendSmall(none);
        write(directory, "java-none.bin", none.build());

        MemoryRecordsBuilder stamped =
            builder(Compression.NONE, TimestampType.LOG_APPEND_TIME, TIME + 9_999, -1L, (short) -1, -1, false);
        appendSmall(stamped);
        write(directory, "java-log-append-time.bin", stamped.build());

        MemoryRecordsBuilder transactional =
            builder(Compression.NONE, TimestampType.CREATE_TIME, -1L, 4711L, (short) 3, 42, true);
        appendSmall(transactional);
        write(directory, "java-transactional.bin", transactional.build());

        compressed(directory, "java-gzip.bin", Compression.gzip().build());
        compressed(directory, "java-snappy.bin", Compression.snappy().build());
        compressed(directory, "java-lz4.bin", Compression.lz4().build());
        compressed(directory, "java-zstd.bin", Compression.zstd().build());
        compressed(directory, "java-zstd-level22.bin", Compression.zstd().level(22).build());

        marker(directory, "java-commit.bin", ControlRecordType.COMMIT);
        marker(directory, "java-abort.bin", ControlRecordType.ABORT);
    }
}
