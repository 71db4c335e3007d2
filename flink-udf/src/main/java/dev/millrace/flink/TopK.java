package dev.millrace.flink;

import java.math.BigDecimal;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.InputGroup;
import org.apache.flink.table.functions.AggregateFunction;

/**
 * `topK(x, k)` over windows that end and over all rows so far: the most frequent values as text, the
 * most frequent first, exact up to 1,000 different ones. Arguments: the value, its event time in
 * milliseconds, k, and the record's id where the stream has one.
 */
public class TopK extends AggregateFunction<String[], TopK.State> {

  static final double NO_ID = -1;

  /** The summary, and how its values are ordered. */
  public static class State extends FrequentValues.State {
    public int k;
    public boolean areDecimals;
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(
      State state, @DataTypeHint(inputGroup = InputGroup.ANY) Object value, Long ts, Integer k) {
    add(state, value, ts, k, NO_ID);
  }

  public void accumulate(
      State state,
      @DataTypeHint(inputGroup = InputGroup.ANY) Object value,
      Long ts,
      Integer k,
      @DataTypeHint(inputGroup = InputGroup.ANY) Object id) {
    add(state, value, ts, k, idOf(id));
  }

  public void merge(State state, Iterable<State> others) {
    for (State other : others) {
      if (other.entries.length > 0) {
        state.k = other.k;
        state.areDecimals = other.areDecimals;
        FrequentValues.merge(state, other);
      }
    }
  }

  @Override
  public String[] getValue(State state) {
    return FrequentValues.top(state, state.k, state.areDecimals);
  }

  static double idOf(Object id) {
    return id == null ? NO_ID : ValueHash.of(id);
  }

  private static void add(State state, Object value, long ts, int k, double id) {
    if (value == null) {
      return;
    }
    state.k = k;
    state.areDecimals = value instanceof BigDecimal;
    FrequentValues.add(state, value, ts, id);
  }
}
