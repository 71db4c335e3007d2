package dev.millrace.flink;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers within bytes, as sketches hold them: little-endian, at any offset. */
final class LittleEndian {

  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle DOUBLES =
      MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

  private LittleEndian() {}

  static int intAt(byte[] bytes, int offset) {
    return (int) INTS.get(bytes, offset);
  }

  static void putInt(byte[] bytes, int offset, int value) {
    INTS.set(bytes, offset, value);
  }

  static double doubleAt(byte[] bytes, int offset) {
    return (double) DOUBLES.get(bytes, offset);
  }

  static void putDouble(byte[] bytes, int offset, double value) {
    DOUBLES.set(bytes, offset, value);
  }

  /** The bytes with `size` more of them at `offset`. */
  static byte[] widened(byte[] bytes, int offset, int size) {
    byte[] wider = new byte[bytes.length + size];
    System.arraycopy(bytes, 0, wider, 0, offset);
    System.arraycopy(bytes, offset, wider, offset + size, bytes.length - offset);
    return wider;
  }

  /** The bytes without `size` of them at `offset`. */
  static byte[] narrowed(byte[] bytes, int offset, int size) {
    byte[] less = new byte[bytes.length - size];
    System.arraycopy(bytes, 0, less, 0, offset);
    System.arraycopy(bytes, offset + size, less, offset, less.length - offset);
    return less;
  }
}
