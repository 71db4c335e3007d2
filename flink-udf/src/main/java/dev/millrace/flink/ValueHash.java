package dev.millrace.flink;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * The 52-bit hash of a value, bit for bit that of the engine: numbers that fit a double by its eight
 * bytes, wider ones by their digits, text by its UTF-8 bytes, instants by their epoch milliseconds.
 */
public final class ValueHash {

  private ValueHash() {}

  /** The hash of a value that is not null, as Flink hands it to a function. */
  public static long of(Object value) {
    if (value instanceof CharSequence) {
      return ofText(value.toString());
    }
    if (value instanceof Long) {
      return ofText(Long.toString((Long) value));
    }
    if (value instanceof Number && !(value instanceof BigDecimal)) {
      return ofDouble(((Number) value).doubleValue());
    }
    if (value instanceof BigDecimal) {
      return ofText(((BigDecimal) value).toPlainString());
    }
    if (value instanceof Boolean || value instanceof LocalDate) {
      return ofText(value.toString());
    }
    if (value instanceof Instant) {
      return ofDouble(((Instant) value).toEpochMilli());
    }
    if (value instanceof LocalDateTime) {
      return ofDouble(((LocalDateTime) value).toInstant(ZoneOffset.UTC).toEpochMilli());
    }
    if (value instanceof byte[]) {
      // One character for each byte, as the engine knows bytes apart.
      return ofText(new String((byte[]) value, StandardCharsets.ISO_8859_1));
    }
    throw new IllegalArgumentException(
        "no sketch of values of " + value.getClass().getName() + ": take a field of a simple type");
  }

  /** Of a double: -0 is 0, and there is one NaN. */
  public static long ofDouble(double value) {
    long bits = Double.doubleToLongBits(value == 0 ? 0.0 : value);
    byte[] bytes = new byte[8];
    for (int i = 0; i < 8; i++) {
      bytes[i] = (byte) (bits >>> (8 * i));
    }
    return ofBytes(bytes);
  }

  /** Of a text, by its UTF-8 bytes. */
  public static long ofText(String text) {
    return ofBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Two murmur-finished lanes over the bytes. */
  static long ofBytes(byte[] data) {
    int a = 0x9e3779b9 ^ data.length;
    int b = 0x85ebca6b;
    for (byte signed : data) {
      int value = signed & 0xff;
      a = (a ^ value) * 0x01000193;
      b = ((b << 5) ^ (b >>> 27) ^ value) * 0x27d4eb2d;
    }
    long upper = finish(a ^ (b >>> 16)) & 0xffffffffL;
    long lower = finish(b + a * 0x165667b1) >>> 12;
    return (upper << 20) | lower;
  }

  private static int finish(int x) {
    int h = (x ^ (x >>> 16)) * 0x85ebca6b;
    h = (h ^ (h >>> 13)) * 0xc2b2ae35;
    return h ^ (h >>> 16);
  }
}
