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
  final String function;
  final String type;
  /** As Flink hands them to a function. */
  final List<Object> values;
  final byte[] bytes;
  final String answers;

  SketchCase(String line) {
    String[] columns = line.split("\t", -1);
    name = columns[0];
    function = columns[1];
    type = columns[2];
    values = new ArrayList<>();
    for (String text : columns[3].isEmpty() ? new String[0] : columns[3].split(" ")) {
      values.add(text.equals("null") ? null : decode(type, text));
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
    if (function.equals("quantile")) {
      QuantileSketch sketching = new QuantileSketch();
      QuantileSketch.State state = sketching.createAccumulator();
      for (Object value : values.subList(from, to)) {
        sketching.accumulate(state, value == null ? null : ((Number) value).doubleValue());
      }
      return sketching.getValue(state);
    }
    if (function.equals("topK")) {
      TopKSketch sketching = new TopKSketch();
      FrequentValues.State state = sketching.createAccumulator();
      for (int i = from; i < to; i++) {
        sketching.accumulate(state, values.get(i), (long) i, i);
      }
      return sketching.getValue(state);
    }
    ApproxDistinctSketch sketching = new ApproxDistinctSketch();
    ApproxDistinct.State state = sketching.createAccumulator();
    for (Object value : values.subList(from, to)) {
      sketching.accumulate(state, value);
    }
    return sketching.getValue(state);
  }

  byte[] sketch() {
    return sketch(0, values.size());
  }

  /** Sketches as one, by the function that merges bytes. */
  byte[] merged(byte[]... sketches) {
    if (function.equals("quantile")) {
      QuantileMerge merging = new QuantileMerge();
      QuantileSketch.State state = merging.createAccumulator();
      Arrays.stream(sketches).forEach(sketch -> merging.accumulate(state, sketch));
      return merging.getValue(state);
    }
    if (function.equals("topK")) {
      TopKMerge merging = new TopKMerge();
      FrequentValues.State state = merging.createAccumulator();
      Arrays.stream(sketches).forEach(sketch -> merging.accumulate(state, sketch));
      return merging.getValue(state);
    }
    ApproxDistinctMerge merging = new ApproxDistinctMerge();
    ApproxDistinct.State state = merging.createAccumulator();
    Arrays.stream(sketches).forEach(sketch -> merging.accumulate(state, sketch));
    return merging.getValue(state);
  }

  /** What the functions that read a sketch answer, written as in the file. */
  String answersOf(byte[] sketch) {
    if (function.equals("approxDistinct")) {
      return written((double) new ApproxDistinctOf().eval(sketch));
    }
    if (function.equals("topK")) {
      if (type.startsWith("float")) {
        return "-";
      }
      FrequentValues.State state = FrequentValues.fromBytes(sketch);
      String[] top = FrequentValues.top(state, 5, type.startsWith("decimal"));
      byte[] text = String.join(" ", top).getBytes(StandardCharsets.UTF_8);
      return Base64.getEncoder().encodeToString(text);
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
