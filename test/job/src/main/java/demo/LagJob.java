package demo;

import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.Options;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.kafka.clients.consumer.OffsetResetStrategy;

/**
 * Reads a Kafka topic and spends a set time on each record: source, work, discard.
 *
 * <p>Source and work are two vertices with a hash between them, so that each shows its own busy time
 * and the source shows the back-pressure of the work.
 *
 * <p>Checkpoints, their interval and the restart strategy come from Flink's configuration alone.
 * Offsets are committed with each checkpoint. A first start reads from the committed offsets, or from
 * the earliest record where there are none.
 *
 * <p>Options, {@code --name value}:
 *
 * <ul>
 *   <li>brokers, topic: what to read; both required
 *   <li>group: consumer group (flink-demo)
 *   <li>work-mode: wait or burn (wait)
 *   <li>work-micros: time for each record (2500)
 *   <li>poison-key: a record with this key fails the job, as often as it is read (no key does)
 *   <li>live-megabytes: memory on the heap that each subtask of work keeps, a block of which each record replaces (0)
 *   <li>grow-key: a record with this key has the subtask that reads it keep more (no key does)
 *   <li>grow-megabytes: how much more (0)
 *   <li>bounded, without a value: the job finishes at the records that are there when it starts
 *   <li>job-name (lag-job)
 * </ul>
 */
public final class LagJob {
    public static void main(String[] args) throws Exception {
        CommandLine options = new DefaultParser(false).parse(known(), args);
        Cost.Mode mode = Cost.Mode.parse(options.getOptionValue("work-mode", "wait"));
        long micros = Long.parseLong(options.getOptionValue("work-micros", "2500"));

        KafkaSourceBuilder<String> source = KafkaSource.<String>builder()
                .setBootstrapServers(options.getOptionValue("brokers"))
                .setTopics(options.getOptionValue("topic"))
                .setGroupId(options.getOptionValue("group", "flink-demo"))
                .setStartingOffsets(OffsetsInitializer.committedOffsets(OffsetResetStrategy.EARLIEST))
                .setDeserializer(new KeyDeserializer());
        if (options.hasOption("bounded")) {
            source.setBounded(OffsetsInitializer.latest());
        }

        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.fromSource(source.build(), WatermarkStrategy.noWatermarks(), "input")
                .uid("input")
                .keyBy(key -> key)
                .map(new Work(
                        mode,
                        micros,
                        options.getOptionValue("poison-key"),
                        Integer.parseInt(options.getOptionValue("live-megabytes", "0")),
                        options.getOptionValue("grow-key"),
                        Integer.parseInt(options.getOptionValue("grow-megabytes", "0"))))
                .name("work")
                .uid("work")
                .sinkTo(new DiscardingSink<>())
                .name("discard")
                .uid("discard");
        env.execute(options.getOptionValue("job-name", "lag-job"));
    }

    /** The options that there are: any other is an error. */
    private static Options known() {
        return new Options()
                .addRequiredOption(null, "brokers", true, "bootstrap servers")
                .addRequiredOption(null, "topic", true, "topic to read")
                .addOption(null, "group", true, "consumer group")
                .addOption(null, "work-mode", true, "wait or burn")
                .addOption(null, "work-micros", true, "time for each record")
                .addOption(null, "poison-key", true, "key of a record that fails the job")
                .addOption(null, "live-megabytes", true, "memory that each subtask keeps")
                .addOption(null, "grow-key", true, "key of a record that has a subtask keep more")
                .addOption(null, "grow-megabytes", true, "how much more")
                .addOption(null, "bounded", false, "finish at the records that are there")
                .addOption(null, "job-name", true, "name of the job");
    }

    private LagJob() {}
}
