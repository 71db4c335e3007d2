package dev.millrace.flink;

/**
 * Quantiles with 1 % relative error, in the engine's format, which is worked on as it is: little-endian
 * doubles, four counts (zeros, positive and negative infinities, NaNs), then for positive and for
 * negative values the number of bins and pairs (bin, count) in order of the bins. Methods return the
 * sketch that is to be used from then on; it may be the array that was given, changed. Logarithms are
 * those of fdlibm (StrictMath), as in the engine: the last bit decides about the bin.
 *
 * <p>Source: Masson, Rim, Lee, "DDSketch" (VLDB 2019).
 */
public final class DdSketch {

  private static final double RELATIVE_ERROR = 0.01;
  private static final double GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
  private static final double LOG_GAMMA = StrictMath.log(GAMMA);
  /** Below this magnitude values count as zero. */
  private static final double SMALLEST = 0x1p-1022;

  private static final int WORD = 8;
  private static final int PAIR = 16;
  private static final int ZERO = 0;
  private static final int POSITIVE_INFINITY = WORD;
  private static final int NEGATIVE_INFINITY = 2 * WORD;
  private static final int NAN = 3 * WORD;
  private static final int POSITIVE = 4 * WORD;

  private DdSketch() {}

  /** The sketch of nothing. */
  public static byte[] empty() {
    return new byte[6 * WORD];
  }

  public static byte[] add(byte[] sketch, double x) {
    return count(sketch, x, 1);
  }

  /** Takes a value away that was added before: counts are whole, so this is exact. */
  public static byte[] remove(byte[] sketch, double x) {
    return count(sketch, x, -1);
  }

  /** With all values of another, which stays as it is. */
  public static byte[] merge(byte[] into, byte[] from) {
    check(from);
    for (int at = ZERO; at <= NAN; at += WORD) {
      bump(into, at, LittleEndian.doubleAt(from, at));
    }
    byte[] merged = mergeBins(into, POSITIVE, from, POSITIVE);
    return mergeBins(merged, endOfBins(merged, POSITIVE), from, endOfBins(from, POSITIVE));
  }

  /** The value at rank floor(q * (n - 1)), NaN last; null when empty. */
  public static Double quantile(byte[] sketch, double q) {
    check(sketch);
    double count = count(sketch);
    if (count == 0) {
      return null;
    }
    double rank = Math.floor(q * (count - 1)) - LittleEndian.doubleAt(sketch, NEGATIVE_INFINITY);
    if (rank < 0) {
      return Double.NEGATIVE_INFINITY;
    }
    int negative = endOfBins(sketch, POSITIVE);
    for (int at = endOfBins(sketch, negative) - PAIR; at > negative; at -= PAIR) {
      rank -= LittleEndian.doubleAt(sketch, at + WORD);
      if (rank < 0) {
        return -valueOf(LittleEndian.doubleAt(sketch, at));
      }
    }
    rank -= LittleEndian.doubleAt(sketch, ZERO);
    if (rank < 0) {
      return 0.0;
    }
    for (int at = POSITIVE + WORD; at < negative; at += PAIR) {
      rank -= LittleEndian.doubleAt(sketch, at + WORD);
      if (rank < 0) {
        return valueOf(LittleEndian.doubleAt(sketch, at));
      }
    }
    boolean isInfinite = rank < LittleEndian.doubleAt(sketch, POSITIVE_INFINITY);
    return isInfinite ? Double.POSITIVE_INFINITY : Double.NaN;
  }

  /** How many values were added. */
  static double count(byte[] sketch) {
    double total = 0;
    for (int at = ZERO; at <= NAN; at += WORD) {
      total += LittleEndian.doubleAt(sketch, at);
    }
    int negative = endOfBins(sketch, POSITIVE);
    for (int bins : new int[] {POSITIVE, negative}) {
      int end = endOfBins(sketch, bins);
      for (int at = bins + WORD; at < end; at += PAIR) {
        total += LittleEndian.doubleAt(sketch, at + WORD);
      }
    }
    return total;
  }

  private static byte[] count(byte[] sketch, double x, double times) {
    if (x >= SMALLEST && x < Double.POSITIVE_INFINITY) {
      return countBin(sketch, POSITIVE, binOf(x), times);
    }
    if (x <= -SMALLEST && x > Double.NEGATIVE_INFINITY) {
      return countBin(sketch, endOfBins(sketch, POSITIVE), binOf(-x), times);
    }
    if (x == Double.POSITIVE_INFINITY) {
      bump(sketch, POSITIVE_INFINITY, times);
    } else if (x == Double.NEGATIVE_INFINITY) {
      bump(sketch, NEGATIVE_INFINITY, times);
    } else if (Double.isNaN(x)) {
      bump(sketch, NAN, times);
    } else {
      bump(sketch, ZERO, times);
    }
    return sketch;
  }

  private static void bump(byte[] sketch, int at, double times) {
    LittleEndian.putDouble(sketch, at, LittleEndian.doubleAt(sketch, at) + times);
  }

  /** `bins` is the offset of the number of bins, which precedes them. */
  private static byte[] countBin(byte[] sketch, int bins, double bin, double times) {
    int at = find(sketch, bins, bin);
    if (at >= 0) {
      bump(sketch, at + WORD, times);
      if (LittleEndian.doubleAt(sketch, at + WORD) > 0) {
        return sketch;
      }
      byte[] less = LittleEndian.narrowed(sketch, at, PAIR);
      bump(less, bins, -1);
      return less;
    }
    if (times < 0) {
      throw new IllegalStateException("a value leaves a sketch that does not hold it");
    }
    byte[] wider = LittleEndian.widened(sketch, ~at, PAIR);
    LittleEndian.putDouble(wider, ~at, bin);
    LittleEndian.putDouble(wider, ~at + WORD, times);
    bump(wider, bins, 1);
    return wider;
  }

  private static byte[] mergeBins(byte[] into, int bins, byte[] from, int fromBins) {
    byte[] merged = into;
    int end = endOfBins(from, fromBins);
    for (int at = fromBins + WORD; at < end; at += PAIR) {
      double bin = LittleEndian.doubleAt(from, at);
      merged = countBin(merged, bins, bin, LittleEndian.doubleAt(from, at + WORD));
    }
    return merged;
  }

  /** Offset of a bin, or ~offset where it would be. */
  private static int find(byte[] sketch, int bins, double bin) {
    int low = 0;
    int high = (int) LittleEndian.doubleAt(sketch, bins) - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int offset = bins + WORD + middle * PAIR;
      double at = LittleEndian.doubleAt(sketch, offset);
      if (at == bin) {
        return offset;
      }
      if (at < bin) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return ~(bins + WORD + low * PAIR);
  }

  private static int endOfBins(byte[] sketch, int bins) {
    return bins + WORD + (int) LittleEndian.doubleAt(sketch, bins) * PAIR;
  }

  private static void check(byte[] sketch) {
    boolean isWhole = sketch.length >= 6 * WORD;
    if (isWhole) {
      int negative = endOfBins(sketch, POSITIVE);
      isWhole = negative > 0 && negative <= sketch.length - WORD;
      isWhole = isWhole && endOfBins(sketch, negative) == sketch.length;
    }
    if (!isWhole) {
      throw new IllegalArgumentException("these bytes are no sketch of quantiles");
    }
  }

  private static double binOf(double magnitude) {
    // There is one bin 0: the engine's bins are integers, which have no -0.
    return Math.ceil(StrictMath.log(magnitude) / LOG_GAMMA) + 0.0;
  }

  private static double valueOf(double bin) {
    return (2 * StrictMath.exp(bin * LOG_GAMMA)) / (GAMMA + 1);
  }
}
