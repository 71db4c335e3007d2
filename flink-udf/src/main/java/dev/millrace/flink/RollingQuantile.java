package dev.millrace.flink;

import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.table.functions.AggregateFunction;

/**
 * `quantile(x, q)` over windows that rows leave: exact while up to 1,000 values are in the window, from
 * their sketch beyond, as the engine answers for the same rows. State grows with the different values
 * in the window, all of whose rows Flink keeps anyway.
 */
public class RollingQuantile extends AggregateFunction<Double, RollingQuantile.State> {

  /** Rows by the bits of their value. */
  public static class State {
    public double q;
    public long count;
    /** While there are more values than are answered exactly; else null. */
    public byte[] sketch;
    public MapView<Long, Long> rowsOfValue = new MapView<>();
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(State state, Double value, Double q) throws Exception {
    if (value == null) {
      return;
    }
    state.q = q;
    state.count++;
    bump(state.rowsOfValue, value, 1);
    if (state.sketch != null) {
      state.sketch = DdSketch.add(state.sketch, value);
    } else if (state.count > Quantile.EXACT_MAX) {
      state.sketch = sketchOf(state);
    }
  }

  public void retract(State state, Double value, Double q) throws Exception {
    if (value == null) {
      return;
    }
    state.count--;
    bump(state.rowsOfValue, value, -1);
    if (state.count <= Quantile.EXACT_MAX) {
      state.sketch = null;
    } else {
      state.sketch = DdSketch.remove(state.sketch, value);
    }
  }

  @Override
  public Double getValue(State state) {
    if (state.sketch != null) {
      return DdSketch.quantile(state.sketch, state.q);
    }
    try {
      return ExactValues.quantile(valuesOf(state), state.q);
    } catch (Exception cause) {
      throw new IllegalStateException("the values of a window cannot be read", cause);
    }
  }

  private static void bump(MapView<Long, Long> rows, double value, int times) throws Exception {
    long bits = Double.doubleToLongBits(value);
    Long before = rows.get(bits);
    long now = (before == null ? 0 : before) + times;
    if (now == 0) {
      rows.remove(bits);
    } else {
      rows.put(bits, now);
    }
  }

  private static double[] valuesOf(State state) throws Exception {
    double[] values = new double[(int) state.count];
    int at = 0;
    for (var entry : state.rowsOfValue.entries()) {
      for (long left = entry.getValue(); left > 0; left--) {
        values[at++] = Double.longBitsToDouble(entry.getKey());
      }
    }
    return values;
  }

  private static byte[] sketchOf(State state) throws Exception {
    byte[] sketch = DdSketch.empty();
    for (double value : valuesOf(state)) {
      sketch = DdSketch.add(sketch, value);
    }
    return sketch;
  }
}
