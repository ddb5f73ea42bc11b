import java.util.Random;

/** Keeps a set of lists of small objects and replaces them at a steady rate. */
class Allocate {
  static final class Node {
    final Node next;
    final byte[] content;

    Node(Node next, int size) {
      this.next = next;
      this.content = new byte[size];
    }
  }

  static Node list(int length) {
    Node head = null;
    for (int at = 0; at < length; at++) {
      head = new Node(head, 200);
    }
    return head;
  }

  public static void main(String[] arguments) throws InterruptedException {
    Node[] live = new Node[4_000];
    Random random = new Random(1);
    long end = System.nanoTime() + Long.parseLong(arguments[0]) * 1_000_000_000L;
    while (System.nanoTime() < end) {
      for (int at = 0; at < 40; at++) {
        live[random.nextInt(live.length)] = list(20);
      }
      Thread.sleep(1);
    }
  }
}
