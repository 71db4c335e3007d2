package dev.millrace.flink;

import org.apache.flink.table.functions.AggregateFunction;

/** The sketch of quantiles itself: bytes that the engine reads, and merges with its own. */
public class QuantileSketch extends AggregateFunction<byte[], QuantileSketch.State> {

  /** The sketch in the engine's format. */
  public static class State {
    public byte[] sketch = DdSketch.empty();
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(State state, Double value) {
    if (value != null) {
      state.sketch = DdSketch.add(state.sketch, value);
    }
  }

  public void merge(State state, Iterable<State> others) {
    for (State other : others) {
      state.sketch = DdSketch.merge(state.sketch, other.sketch);
    }
  }

  @Override
  public byte[] getValue(State state) {
    return state.sketch.clone();
  }
}
