package demo;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.locks.LockSupport;

/**
 * Time spent on the task's thread, in either of two ways that Flink cannot tell apart: both are busy
 * time. What was spent too much or too little on one record is settled on the next, so that the average
 * is right. Not thread-safe.
 */
final class Cost {
    /** How the time is spent. */
    enum Mode {
        /** The thread is parked: cores stay free, so more TaskManagers help on a small machine. */
        WAIT,
        /** The thread uses that much CPU time, however long this takes on a busy machine. */
        BURN;

        static Mode parse(String name) {
            switch (name) {
                case "wait":
                    return WAIT;
                case "burn":
                    return BURN;
                default:
                    throw new IllegalArgumentException("work-mode " + name + ": use wait or burn");
            }
        }
    }

    /** Parking is only good to about 60 us, so that waits shorter than this are saved up. */
    private static final long SHORTEST_WAIT_NANOS = 2_000_000L;

    private final Mode mode;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private long owedNanos;

    Cost(Mode mode) {
        this.mode = mode;
    }

    /** Spends about {@code nanos}. Returns early when the thread is interrupted, as Flink does to cancel a task. */
    void spend(long nanos) {
        owedNanos += nanos;
        if (mode == Mode.BURN) {
            owedNanos -= burn(owedNanos);
        } else if (owedNanos >= SHORTEST_WAIT_NANOS) {
            owedNanos -= park(owedNanos);
        }
    }

    private static long park(long nanos) {
        long start = System.nanoTime();
        LockSupport.parkNanos(nanos);
        return System.nanoTime() - start;
    }

    private long burn(long nanos) {
        long start = threads.getCurrentThreadCpuTime();
        long spent = 0;
        while (spent < nanos && !Thread.currentThread().isInterrupted()) {
            spent = threads.getCurrentThreadCpuTime() - start;
        }
        return spent;
    }
}
