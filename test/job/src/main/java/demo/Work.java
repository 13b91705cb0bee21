package demo;

import java.util.List;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;

/**
 * Spends a set time on each record and counts it.
 *
 * <p>The count is part of the checkpoint, so it goes back with the source's offsets when the job
 * restarts. Each subtask writes one number; after a rescale the numbers are dealt out among the new
 * subtasks, and each adds up what it gets. The sum over the subtasks of the gauge
 * {@code recordsProcessedTotal} is therefore the number of records since the first start, whatever was
 * replayed: a record lost, or counted twice, makes it differ from what was produced.
 */
final class Work extends RichMapFunction<String, String> implements CheckpointedFunction {
    private static final long serialVersionUID = 1L;

    private final Cost.Mode mode;
    private final long nanos;
    private final String poison;
    private final int megabytes;
    private final String growKey;
    private final int growMegabytes;
    private transient Cost cost;
    private transient Held held;
    private transient ListState<Long> saved;
    /** Written by the task's thread, read by the one that reports metrics. */
    private transient volatile long processed;

    /**
     * A record with the key {@code poison} fails the job, and one with {@code growKey} has its subtask keep
     * so many megabytes more; null: none does.
     */
    Work(Cost.Mode mode, long micros, String poison, int megabytes, String growKey, int growMegabytes) {
        if (micros < 0) {
            throw new IllegalArgumentException("work-micros " + micros + ": use 0 or more");
        }
        this.mode = mode;
        this.nanos = micros * 1000;
        this.poison = poison;
        this.megabytes = megabytes;
        this.growKey = growKey;
        this.growMegabytes = growMegabytes;
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
        saved = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("processed", Types.LONG));
        long sum = 0;
        for (long part : saved.get()) {
            sum += part;
        }
        processed = sum;
    }

    @Override
    public void open(OpenContext context) {
        cost = new Cost(mode);
        held = new Held(megabytes);
        getRuntimeContext().getMetricGroup().gauge("recordsProcessedTotal", (Gauge<Long>) () -> processed);
        getRuntimeContext().getMetricGroup().gauge("heldBytes", (Gauge<Long>) held::size);
    }

    @Override
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // one writer
    public String map(String key) {
        if (key.equals(poison)) {
            throw new IllegalStateException("a record has the poison-key " + key);
        }
        if (key.equals(growKey)) {
            held.grow(growMegabytes);
        }
        held.turn();
        cost.spend(nanos);
        processed++;
        return key;
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
        saved.update(List.of(processed));
    }
}
