// A thread holds a monitor while it works, and another one waits for it.
import java.nio.file.Files;
import java.nio.file.Path;

public class Monitor {
    static final Object lock = new Object();
    static long waited;

    static void work(long ms) {
        for (long end = System.nanoTime() + ms * 1_000_000; System.nanoTime() < end; ) {}
    }

    static void takeTheMonitor() {
        long from = System.nanoTime();
        synchronized (lock) {
            waited += System.nanoTime() - from;
        }
    }

    public static void main(String[] arguments) throws Exception {
        int turns = Integer.parseInt(arguments[0]);
        int ms = Integer.parseInt(arguments[1]);
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
