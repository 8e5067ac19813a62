import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads a topic from its beginning to its end as of now, each partition's values into a file named
 * by its number, one a line.
 *
 * <p>Kafka's ConsumerPerformance can not do without a group coordinator: it only ever subscribes.
 * This one assigns, so that the Java consumer is measured and compared on a broker that has no
 * groups. It fails if a value is null or if nothing arrives for IDLE_LIMIT.
 *
 * <p>Usage: AssignedConsumer BOOTSTRAP TOPIC DIRECTORY [KEY=VALUE consumer config]...
 */
public final class AssignedConsumer {
    private static final Duration IDLE_LIMIT = Duration.ofSeconds(60);

    private AssignedConsumer() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length < 3) {
            System.err.println("usage: AssignedConsumer BOOTSTRAP TOPIC DIRECTORY [KEY=VALUE]...");
            System.exit(2);
        }
        Properties config = new Properties();
        config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        for (int i = 3; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            config.put(pair[0], pair[1]);
        }
        long start = System.nanoTime();
        long records;
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            records = read(consumer, arguments[1], Path.of(arguments[2]));
        }
        long elapsed = (System.nanoTime() - start) / 1_000_000;
        System.out.printf("{\"records\": %d, \"elapsed_ms\": %d}%n", records, elapsed);
    }

    private static long read(KafkaConsumer<byte[], byte[]> consumer, String topic, Path directory)
            throws IOException {
        List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition()))
                .toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        Map<TopicPartition, OutputStream> files = new HashMap<>();
        for (TopicPartition partition : partitions) {
            Path file = directory.resolve(Integer.toString(partition.partition()));
            files.put(partition, new BufferedOutputStream(Files.newOutputStream(file), 1 << 16));
        }
        long records = 0;
        while (ends.entrySet().stream().anyMatch(e -> consumer.position(e.getKey()) < e.getValue())) {
            ConsumerRecords<byte[], byte[]> batch = consumer.poll(IDLE_LIMIT);
            if (batch.isEmpty()) {
                throw new IllegalStateException("nothing arrived for " + IDLE_LIMIT);
            }
            for (ConsumerRecord<byte[], byte[]> record : batch) {
                OutputStream file =
                        files.get(new TopicPartition(record.topic(), record.partition()));
                file.write(record.value());
                file.write('\n');
            }
            records += batch.count();
        }
        for (OutputStream file : files.values()) {
            file.close();
        }
        return records;
    }
}
