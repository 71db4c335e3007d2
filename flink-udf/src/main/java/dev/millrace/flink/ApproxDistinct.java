package dev.millrace.flink;

import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.InputGroup;
import org.apache.flink.table.functions.AggregateFunction;

/**
 * `approxDistinct(x)` over windows that end and over all rows so far: how many different values, within
 * 1.6 %, exactly up to 512. Nulls do not count; nothing is 0. State: 4 KB at most.
 */
public class ApproxDistinct extends AggregateFunction<Long, ApproxDistinct.State> {

  /** The sketch in the engine's format. */
  public static class State {
    public byte[] sketch = HyperLogLog.empty();
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(
      State state, @DataTypeHint(inputGroup = InputGroup.ANY) Object value) {
    if (value != null) {
      state.sketch = HyperLogLog.add(state.sketch, ValueHash.of(value));
    }
  }

  public void merge(State state, Iterable<State> others) {
    for (State other : others) {
      state.sketch = HyperLogLog.merge(state.sketch, other.sketch);
    }
  }

  @Override
  public Long getValue(State state) {
    return HyperLogLog.estimate(state.sketch);
  }
}
