package dev.millrace.flink;

/**
 * Distinct counts with 4,096 registers, in the engine's format, which is worked on as it is: a byte 0
 * and pairs (upper 32 bits of a hash, lower 20) in order of the upper ones while there are up to 512, a
 * byte 1 and the registers beyond. Methods return the sketch that is to be used from then on; it may be
 * the array that was given, changed.
 *
 * <p>Source of the estimator: Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
 * (2017), section 4.
 */
public final class HyperLogLog {

  static final int REGISTERS = 4096;
  static final int SPARSE_MAX = 512;
  private static final int RANK_BITS = 40;
  private static final int PAIR = 8;

  private HyperLogLog() {}

  /** The sketch of nothing. */
  public static byte[] empty() {
    return new byte[1];
  }

  /** With a hash that `ValueHash` made. */
  public static byte[] add(byte[] sketch, long hash) {
    return take(sketch, upperOf(hash), lowerOf(hash));
  }

  /** With all values of another, which stays as it is. */
  public static byte[] merge(byte[] into, byte[] from) {
    check(from);
    if (!isDense(from)) {
      byte[] merged = into;
      for (int at = 1; at < from.length; at += PAIR) {
        merged = take(merged, LittleEndian.intAt(from, at), LittleEndian.intAt(from, at + 4));
      }
      return merged;
    }
    byte[] dense = toDense(into);
    for (int i = 1; i <= REGISTERS; i++) {
      dense[i] = (byte) Math.max(dense[i], from[i]);
    }
    return dense;
  }

  /** The estimated number of distinct values. */
  public static long estimate(byte[] sketch) {
    check(sketch);
    if (!isDense(sketch)) {
      return (sketch.length - 1) / PAIR;
    }
    int[] counts = new int[RANK_BITS + 2];
    for (int i = 1; i <= REGISTERS; i++) {
      counts[sketch[i]]++;
    }
    double z = REGISTERS * tau(1 - (double) counts[RANK_BITS + 1] / REGISTERS);
    for (int rank = RANK_BITS; rank >= 1; rank--) {
      z = 0.5 * (z + counts[rank]);
    }
    z += REGISTERS * sigma((double) counts[0] / REGISTERS);
    return Math.round((double) REGISTERS * REGISTERS / (2 * StrictMath.log(2) * z));
  }

  static int upperOf(long hash) {
    return (int) (hash >>> 20);
  }

  static int lowerOf(long hash) {
    return (int) (hash & 0xfffff);
  }

  static int registerOf(int upper) {
    return upper >>> 20;
  }

  /** Position of the first set bit of the 40 that are left, from 1; 41 when there is none. */
  static int rankOf(int upper, int lower) {
    long rest = ((upper & 0xfffffL) << 20) | lower;
    return Long.numberOfLeadingZeros(rest) - 23;
  }

  /** A sketch with these registers. */
  static byte[] ofRegisters(byte[] registers) {
    byte[] dense = new byte[1 + REGISTERS];
    dense[0] = 1;
    System.arraycopy(registers, 0, dense, 1, REGISTERS);
    return dense;
  }

  private static boolean isDense(byte[] sketch) {
    return sketch[0] == 1;
  }

  private static void check(byte[] sketch) {
    boolean isWhole =
        sketch.length > 0
            && (sketch[0] == 1
                ? sketch.length == 1 + REGISTERS
                : sketch[0] == 0 && sketch.length % PAIR == 1);
    if (!isWhole) {
      throw new IllegalArgumentException("these bytes are no sketch of distinct values");
    }
  }

  private static byte[] take(byte[] sketch, int upper, int lower) {
    if (isDense(sketch)) {
      raise(sketch, upper, lower);
      return sketch;
    }
    int at = find(sketch, upper);
    if (at >= 0) {
      if (lower < LittleEndian.intAt(sketch, at + 4)) {
        LittleEndian.putInt(sketch, at + 4, lower);
      }
      return sketch;
    }
    byte[] wider = LittleEndian.widened(sketch, ~at, PAIR);
    LittleEndian.putInt(wider, ~at, upper);
    LittleEndian.putInt(wider, ~at + 4, lower);
    return wider.length > 1 + SPARSE_MAX * PAIR ? toDense(wider) : wider;
  }

  /** Offset of a pair, or ~offset where it would be. */
  private static int find(byte[] sketch, int upper) {
    int low = 0;
    int high = (sketch.length - 1) / PAIR - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int at = LittleEndian.intAt(sketch, 1 + middle * PAIR);
      if (at == upper) {
        return 1 + middle * PAIR;
      }
      if (at < upper) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return ~(1 + low * PAIR);
  }

  private static byte[] toDense(byte[] sketch) {
    if (isDense(sketch)) {
      return sketch;
    }
    byte[] dense = new byte[1 + REGISTERS];
    dense[0] = 1;
    for (int at = 1; at < sketch.length; at += PAIR) {
      raise(dense, LittleEndian.intAt(sketch, at), LittleEndian.intAt(sketch, at + 4));
    }
    return dense;
  }

  private static void raise(byte[] dense, int upper, int lower) {
    int at = 1 + registerOf(upper);
    dense[at] = (byte) Math.max(dense[at], rankOf(upper, lower));
  }

  private static double sigma(double share) {
    if (share == 1) {
      return Double.POSITIVE_INFINITY;
    }
    double x = share;
    double y = 1;
    double z = x;
    for (double before = Double.NaN; before != z; ) {
      x *= x;
      before = z;
      z += x * y;
      y += y;
    }
    return z;
  }

  private static double tau(double share) {
    if (share == 0 || share == 1) {
      return 0;
    }
    double x = share;
    double y = 1;
    double z = 1 - x;
    for (double before = Double.NaN; before != z; ) {
      x = Math.sqrt(x);
      before = z;
      y *= 0.5;
      z -= (1 - x) * (1 - x) * y;
    }
    return z / 3;
  }
}
