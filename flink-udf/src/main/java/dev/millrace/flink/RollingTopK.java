package dev.millrace.flink;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.InputGroup;
import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.table.functions.AggregateFunction;

/**
 * `topK(x, k)` over windows that rows leave: counted exactly. State grows with the different values in
 * the window, all of whose rows Flink keeps anyway.
 */
public class RollingTopK extends AggregateFunction<String[], RollingTopK.State> {

  /** Rows by value: its bytes, one character each. */
  public static class State {
    public int k;
    public boolean areDecimals;
    public MapView<String, Long> rowsOfValue = new MapView<>();
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(
      State state, @DataTypeHint(inputGroup = InputGroup.ANY) Object value, Integer k)
      throws Exception {
    if (value != null) {
      state.k = k;
      state.areDecimals = value instanceof BigDecimal;
      bump(state.rowsOfValue, value, 1);
    }
  }

  public void retract(
      State state, @DataTypeHint(inputGroup = InputGroup.ANY) Object value, Integer k)
      throws Exception {
    if (value != null) {
      bump(state.rowsOfValue, value, -1);
    }
  }

  @Override
  public String[] getValue(State state) {
    List<Map.Entry<byte[], Long>> counted = new ArrayList<>();
    try {
      for (Map.Entry<String, Long> entry : state.rowsOfValue.entries()) {
        byte[] value = entry.getKey().getBytes(StandardCharsets.ISO_8859_1);
        counted.add(Map.entry(value, entry.getValue()));
      }
    } catch (Exception cause) {
      throw new IllegalStateException("the values of a window cannot be read", cause);
    }
    Comparator<Map.Entry<byte[], Long>> byCount = Comparator.comparingLong(e -> -e.getValue());
    counted.sort(
        byCount.thenComparing(
            (a, b) -> SketchValue.compare(a.getKey(), b.getKey(), state.areDecimals)));
    return counted.stream()
        .limit(state.k)
        .map(entry -> SketchValue.textOf(entry.getKey()))
        .toArray(String[]::new);
  }

  private static void bump(MapView<String, Long> rows, Object value, int times) throws Exception {
    String key = new String(SketchValue.encode(value), StandardCharsets.ISO_8859_1);
    Long before = rows.get(key);
    long now = (before == null ? 0 : before) + times;
    if (now == 0) {
      rows.remove(key);
    } else {
      rows.put(key, now);
    }
  }
}
