import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Counts the words of a topic with at-least-once processing, until it is asked to stop: a
 * repartition topic, a state store with its changelog, and each new count to the output topic, the
 * word as key and the count as text.
 *
 * <p>Usage: WordCount BOOTSTRAP APPLICATION INPUT OUTPUT DIRECTORY CHANGELOG-CLEANUP-POLICY
 *
 * <p>The directory holds the store; without it the store is restored from the changelog. The last
 * argument is the changelog's cleanup.policy, "compact" being what Streams asks for by itself.
 */
public final class WordCount {
    private WordCount() {}

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments.length != 6) {
            System.err.println(
                    "usage: WordCount BOOTSTRAP APPLICATION INPUT OUTPUT DIRECTORY POLICY");
            System.exit(2);
        }
        StreamsBuilder builder = new StreamsBuilder();
        describe(builder, arguments[2], arguments[3], arguments[5]);
        KafkaStreams streams = new KafkaStreams(builder.build(), config(arguments));
        CountDownLatch failed = new CountDownLatch(1);
        streams.setUncaughtExceptionHandler(
                error -> {
                    error.printStackTrace();
                    failed.countDown();
                    return StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse
                            .SHUTDOWN_CLIENT;
                });
        // SIGTERM: commits, leaves the group and ends with the exit code of the signal.
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
        failed.await();
        System.exit(1);
    }

    private static void describe(
            StreamsBuilder builder, String input, String output, String policy) {
        KStream<String, String> lines =
                builder.stream(input, Consumed.with(Serdes.String(), Serdes.String()));
        Map<String, String> changelog = new HashMap<>();
        changelog.put("cleanup.policy", policy);
        Materialized<String, Long, KeyValueStore<Bytes, byte[]>> counts =
                Materialized.as("counts");
        lines.flatMapValues(line -> Arrays.asList(line.split("\\W+")))
                .filter((key, word) -> !word.isEmpty())
                .groupBy((key, word) -> word, Grouped.with(Serdes.String(), Serdes.String()))
                .count(counts.withLoggingEnabled(changelog))
                .toStream()
                .mapValues(String::valueOf)
                .to(output, Produced.with(Serdes.String(), Serdes.String()));
    }

    private static Properties config(String[] arguments) {
        Properties config = new Properties();
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[1]);
        config.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, "200");
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, "2");
        config.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        config.put(StreamsConfig.consumerPrefix("session.timeout.ms"), "6000");
        config.put(StreamsConfig.consumerPrefix("heartbeat.interval.ms"), "500");
        return config;
    }
}
