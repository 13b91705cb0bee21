package demo;

import java.util.Set;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.ParameterTool;
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
 * <p>Options, all {@code --name value}: brokers (required), topic (required), group (flink-demo),
 * work-mode (wait or burn; wait), work-micros (2500), job-name (lag-job).
 */
public final class LagJob {
    public static void main(String[] args) throws Exception {
        ParameterTool options = ParameterTool.fromArgs(args);
        String brokers = options.getRequired("brokers");
        String topic = options.getRequired("topic");
        String group = options.get("group", "flink-demo");
        Cost.Mode mode = Cost.Mode.parse(options.get("work-mode", "wait"));
        long micros = options.getLong("work-micros", 2500);
        String name = options.get("job-name", "lag-job");
        Set<String> unknown = options.getUnrequestedParameters();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException(
                    "unknown options " + unknown + ": use brokers, topic, group, work-mode, work-micros, job-name");
        }

        KafkaSource<String> source = KafkaSource.<String>builder()
                .setBootstrapServers(brokers)
                .setTopics(topic)
                .setGroupId(group)
                .setStartingOffsets(OffsetsInitializer.committedOffsets(OffsetResetStrategy.EARLIEST))
                .setDeserializer(new KeyDeserializer())
                .build();

        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        env.fromSource(source, WatermarkStrategy.noWatermarks(), "input")
                .uid("input")
                .keyBy(key -> key)
                .map(new Work(mode, micros))
                .name("work")
                .uid("work")
                .sinkTo(new DiscardingSink<>())
                .name("discard")
                .uid("discard");
        env.execute(name);
    }

    private LagJob() {}
}
