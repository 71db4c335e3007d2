package dev.millrace.flink;

import java.util.Arrays;

/** Values of a quantile while there are few, as little-endian doubles in no order. */
final class ExactValues {

  private static final int WORD = 8;

  private ExactValues() {}

  static byte[] with(byte[] values, double value) {
    byte[] more = Arrays.copyOf(values, values.length + WORD);
    LittleEndian.putDouble(more, values.length, value);
    return more;
  }

  static byte[] withAll(byte[] values, byte[] others) {
    byte[] more = Arrays.copyOf(values, values.length + others.length);
    System.arraycopy(others, 0, more, values.length, others.length);
    return more;
  }

  static int count(byte[] values) {
    return values.length / WORD;
  }

  static double[] of(byte[] values) {
    double[] found = new double[count(values)];
    for (int i = 0; i < found.length; i++) {
      found[i] = LittleEndian.doubleAt(values, i * WORD);
    }
    return found;
  }

  static byte[] sketchOf(byte[] values) {
    byte[] sketch = DdSketch.empty();
    for (int at = 0; at < values.length; at += WORD) {
      sketch = DdSketch.add(sketch, LittleEndian.doubleAt(values, at));
    }
    return sketch;
  }

  /** The value at rank floor(q * (n - 1)), NaN last; null of nothing. Sorts the array. */
  static Double quantile(double[] values, double q) {
    if (values.length == 0) {
      return null;
    }
    Arrays.sort(values);
    return values[(int) Math.floor(q * (values.length - 1))];
  }
}
