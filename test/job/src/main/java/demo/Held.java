package demo;

/**
 * Memory that a subtask keeps: blocks on the heap, of which each record replaces one. What is live is
 * thus known and stays, while what was replaced is garbage that has grown old. Not thread-safe.
 */
final class Held {
    private static final int BLOCK = 64 << 10;
    private static final int BLOCKS_PER_MEGABYTE = (1 << 20) / BLOCK;

    private final byte[][] blocks;
    private int next;
    private byte[] more = {};

    Held(int megabytes) {
        blocks = new byte[megabytes * BLOCKS_PER_MEGABYTE][];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new byte[BLOCK];
        }
    }

    /** Replaces the oldest block. */
    void turn() {
        if (blocks.length > 0) {
            blocks[next] = new byte[BLOCK];
            next = (next + 1) % blocks.length;
        }
    }

    /** Keeps so many megabytes more from now on, in one piece. */
    void grow(int megabytes) {
        more = new byte[megabytes << 20];
    }

    /** How much is kept, in bytes. */
    long size() {
        return (long) blocks.length * BLOCK + more.length;
    }
}
