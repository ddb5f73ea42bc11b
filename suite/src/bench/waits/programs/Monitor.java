// A thread holds a monitor while it works, and another one waits for it.
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;

public class Monitor {
    static final Object lock = new Object();
    static final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    static final byte[] text = new byte[96];
    static RandomAccessFile account;
    static long waited;

    // Time that the main thread has neither run nor been runnable: the JVM spins before it waits.
    static long asleep() throws IOException {
        account.seek(0);
        int size = account.read(text);
        long delayed = Long.parseLong(new String(text, 0, size).trim().split(" ")[1]);
        return System.nanoTime() - delayed - threads.getCurrentThreadCpuTime();
    }

    static void work(long ms) {
        for (long end = System.nanoTime() + ms * 1_000_000; System.nanoTime() < end; ) {}
    }

    static void takeTheMonitor() throws IOException {
        long from = asleep();
        synchronized (lock) {
            waited += asleep() - from;
        }
    }

    public static void main(String[] arguments) throws Exception {
        int turns = Integer.parseInt(arguments[0]);
        int ms = Integer.parseInt(arguments[1]);
        account = new RandomAccessFile("/proc/thread-self/schedstat", "r");
        asleep(); // Loads its classes.
        Thread holder = new Thread(() -> {
            for (int turn = 0; turn < turns; turn++) {
                synchronized (lock) {
                    work(ms);
                }
                pause(2);
            }
        }, "holder");
        holder.start();
        // `join` would be a wait of its own.
        while (holder.isAlive()) {
            pause(1);
            takeTheMonitor();
        }
        Files.writeString(Path.of(arguments[arguments.length - 1]), waited + " " + turns + "\n");
    }

    static void pause(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException error) {
            throw new RuntimeException(error);
        }
    }
}
