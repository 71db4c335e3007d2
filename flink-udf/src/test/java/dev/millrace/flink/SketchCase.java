package dev.millrace.flink;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** A line of the files that the engine's tests write: inputs, and what its sketch makes of them. */
final class SketchCase {

  private static final double[] SHARES = {0, 0.25, 0.5, 0.95, 1};

  final String name;
  final boolean isQuantile;
  /** As Flink hands them to a function. */
  final List<Object> values;
  final byte[] bytes;
  final String answers;

  SketchCase(String line) {
    String[] columns = line.split("\t", -1);
    name = columns[0];
    isQuantile = columns[1].equals("quantile");
    values = new ArrayList<>();
    for (String text : columns[3].isEmpty() ? new String[0] : columns[3].split(" ")) {
      values.add(text.equals("null") ? null : decode(columns[2], text));
    }
    bytes = Base64.getDecoder().decode(columns[4]);
    answers = columns[5];
  }

  private static Object decode(String type, String text) {
    switch (type.replaceAll("\\(.*", "")) {
      case "int32":
        return (int) toDouble(text);
      case "int64":
        return Long.valueOf(text);
      case "count":
      case "float64":
        return toDouble(text);
      case "float32":
        return (float) toDouble(text);
      case "timestamp":
        return Instant.ofEpochMilli((long) toDouble(text));
      case "string":
        return new String(fromBase64(text), StandardCharsets.UTF_8);
      case "decimal":
        return new BigDecimal(new String(fromBase64(text), StandardCharsets.UTF_8));
      case "date":
        return LocalDate.parse(new String(fromBase64(text), StandardCharsets.UTF_8));
      case "bytes":
        return fromBase64(text);
      case "bool":
        return Boolean.valueOf(text);
      default:
        throw new IllegalArgumentException(type);
    }
  }

  private static double toDouble(String text) {
    return Double.longBitsToDouble(Long.parseUnsignedLong(text, 16));
  }

  private static byte[] fromBase64(String text) {
    return Base64.getDecoder().decode(text.substring(1));
  }

  /** The sketch of some of the values, by the function that gives bytes. */
  byte[] sketch(int from, int to) {
    if (isQuantile) {
      QuantileSketch function = new QuantileSketch();
      QuantileSketch.State state = function.createAccumulator();
      for (Object value : values.subList(from, to)) {
        function.accumulate(state, value == null ? null : ((Number) value).doubleValue());
      }
      return function.getValue(state);
    }
    ApproxDistinctSketch function = new ApproxDistinctSketch();
    ApproxDistinct.State state = function.createAccumulator();
    for (Object value : values.subList(from, to)) {
      function.accumulate(state, value);
    }
    return function.getValue(state);
  }

  byte[] sketch() {
    return sketch(0, values.size());
  }

  /** Sketches as one, by the function that merges bytes. */
  byte[] merged(byte[]... sketches) {
    if (isQuantile) {
      QuantileMerge function = new QuantileMerge();
      QuantileSketch.State state = function.createAccumulator();
      Arrays.stream(sketches).forEach(sketch -> function.accumulate(state, sketch));
      return function.getValue(state);
    }
    ApproxDistinctMerge function = new ApproxDistinctMerge();
    ApproxDistinct.State state = function.createAccumulator();
    Arrays.stream(sketches).forEach(sketch -> function.accumulate(state, sketch));
    return function.getValue(state);
  }

  /** What the functions that read a sketch answer, written as in the file. */
  String answersOf(byte[] sketch) {
    if (!isQuantile) {
      return written((double) new ApproxDistinctOf().eval(sketch));
    }
    List<String> found = new ArrayList<>();
    for (double q : SHARES) {
      found.add(written(new QuantileOf().eval(sketch, q)));
    }
    return String.join(" ", found);
  }

  private static String written(Double answer) {
    return answer == null ? "null" : String.format("%016x", Double.doubleToLongBits(answer));
  }
}
