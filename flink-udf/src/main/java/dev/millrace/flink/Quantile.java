package dev.millrace.flink;

import org.apache.flink.table.functions.AggregateFunction;

/**
 * `quantile(x, q)` over windows that end and over all rows so far: the value at rank floor(q * (n - 1)),
 * exact up to 1,000 values, within 1 % beyond. Nulls do not count; nothing is null. State: 8 KB, then a
 * sketch, which grows with the logarithm of the range.
 */
public class Quantile extends AggregateFunction<Double, Quantile.State> {

  /** So many values are kept as they are. */
  static final int EXACT_MAX = 1000;

  /** All values while there are few, their sketch beyond: one of the two is null. */
  public static class State {
    public double q;
    public byte[] values = new byte[0];
    public byte[] sketch;
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(State state, Double value, Double q) {
    if (value == null) {
      return;
    }
    state.q = q;
    if (state.values == null) {
      state.sketch = DdSketch.add(state.sketch, value);
      return;
    }
    state.values = ExactValues.with(state.values, value);
    keepWithinBounds(state);
  }

  public void merge(State state, Iterable<State> others) {
    for (State other : others) {
      if (other.values != null && other.values.length == 0) {
        continue;
      }
      state.q = other.q;
      if (state.values != null && other.values != null) {
        state.values = ExactValues.withAll(state.values, other.values);
        keepWithinBounds(state);
        continue;
      }
      byte[] sketch = sketchOf(state);
      state.sketch = DdSketch.merge(sketch, other.values == null ? other.sketch : sketchOf(other));
      state.values = null;
    }
  }

  @Override
  public Double getValue(State state) {
    if (state.values == null) {
      return DdSketch.quantile(state.sketch, state.q);
    }
    return ExactValues.quantile(ExactValues.of(state.values), state.q);
  }

  private static void keepWithinBounds(State state) {
    if (ExactValues.count(state.values) > EXACT_MAX) {
      state.sketch = sketchOf(state);
      state.values = null;
    }
  }

  private static byte[] sketchOf(State state) {
    return state.values == null ? state.sketch : ExactValues.sketchOf(state.values);
  }
}
