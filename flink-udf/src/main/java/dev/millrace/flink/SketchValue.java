package dev.millrace.flink;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A value as summaries hold it: a byte for its kind, then false and true nothing, a number its
 * little-endian double, wide integers and texts a length (seven bits a byte, the lowest first) and
 * their digits or UTF-8 bytes. Equal values have equal bytes.
 */
final class SketchValue {

  private static final int FALSE = 0;
  private static final int TRUE = 1;
  private static final int NUMBER = 2;
  private static final int WHOLE = 3;
  private static final int TEXT = 4;
  private static final double WHOLE_MAX = 0x1p53;

  private SketchValue() {}

  /** Of a value that is not null, as Flink hands it to a function. */
  static byte[] encode(Object value) {
    if (value instanceof Boolean) {
      return new byte[] {(byte) ((Boolean) value ? TRUE : FALSE)};
    }
    if (value instanceof Long) {
      return encodeText(WHOLE, value.toString());
    }
    if (value instanceof Number && !(value instanceof BigDecimal)) {
      double number = ((Number) value).doubleValue();
      byte[] bytes = new byte[9];
      bytes[0] = NUMBER;
      boolean isZero = number == 0;
      LittleEndian.putDouble(bytes, 1, isZero ? 0.0 : Double.isNaN(number) ? Double.NaN : number);
      return bytes;
    }
    if (value instanceof BigDecimal) {
      return encodeText(TEXT, ((BigDecimal) value).toPlainString());
    }
    return encodeText(TEXT, value.toString());
  }

  /** As text that Flink casts to the type of the value. */
  static String textOf(byte[] encoded) {
    switch (encoded[0]) {
      case FALSE:
        return "false";
      case TRUE:
        return "true";
      case NUMBER:
        double number = LittleEndian.doubleAt(encoded, 1);
        boolean isWhole = number == Math.rint(number) && Math.abs(number) < WHOLE_MAX;
        return isWhole ? Long.toString((long) number) : Double.toString(number);
      default:
        int start = startOfText(encoded);
        return new String(encoded, start, encoded.length - start, StandardCharsets.UTF_8);
    }
  }

  /** Numbers by value with NaN last, text by its bytes, decimals by number. */
  static int compare(byte[] a, byte[] b, boolean areDecimals) {
    switch (a[0]) {
      case NUMBER:
        return Double.compare(LittleEndian.doubleAt(a, 1), LittleEndian.doubleAt(b, 1));
      case WHOLE:
        return Long.compare(Long.parseLong(textOf(a)), Long.parseLong(textOf(b)));
      case TEXT:
        if (areDecimals) {
          return new BigDecimal(textOf(a)).compareTo(new BigDecimal(textOf(b)));
        }
        int start = startOfText(a);
        return Arrays.compareUnsigned(a, start, a.length, b, startOfText(b), b.length);
      default:
        return Byte.compare(a[0], b[0]);
    }
  }

  /** How many bytes the value at `at` has. */
  static int lengthAt(byte[] bytes, int at) {
    switch (bytes[at]) {
      case FALSE:
      case TRUE:
        return 1;
      case NUMBER:
        return 9;
      case WHOLE:
      case TEXT:
        int start = endOfVarint(bytes, at + 1);
        return start - at + (int) varintAt(bytes, at + 1);
      default:
        throw new IllegalArgumentException("these bytes are no summary of frequent values");
    }
  }

  /** The hash of an encoded value: that of the value. */
  static long hashOf(byte[] encoded) {
    if (encoded[0] == NUMBER) {
      return ValueHash.ofDouble(LittleEndian.doubleAt(encoded, 1));
    }
    return ValueHash.ofText(textOf(encoded));
  }

  static void putVarint(ByteArrayOutputStream to, long value) {
    long rest = value;
    for (; rest >= 0x80; rest >>>= 7) {
      to.write((int) (rest & 0x7f) | 0x80);
    }
    to.write((int) rest);
  }

  static long varintAt(byte[] bytes, int at) {
    long value = 0;
    for (int i = at, shift = 0; ; i++, shift += 7) {
      value |= (bytes[i] & 0x7fL) << shift;
      if (bytes[i] >= 0) {
        return value;
      }
    }
  }

  static int endOfVarint(byte[] bytes, int at) {
    int end = at;
    while (bytes[end] < 0) {
      end++;
    }
    return end + 1;
  }

  private static int startOfText(byte[] encoded) {
    return endOfVarint(encoded, 1);
  }

  private static byte[] encodeText(int kind, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream to = new ByteArrayOutputStream(utf8.length + 3);
    to.write(kind);
    putVarint(to, utf8.length);
    to.writeBytes(utf8);
    return to.toByteArray();
  }
}
