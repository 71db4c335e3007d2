package dev.millrace.flink;

import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.InputGroup;
import org.apache.flink.table.functions.AggregateFunction;

/** The summary of `topK` itself: bytes that the engine reads, and merges with its own. */
public class TopKSketch extends AggregateFunction<byte[], FrequentValues.State> {

  @Override
  public FrequentValues.State createAccumulator() {
    return new FrequentValues.State();
  }

  public void accumulate(
      FrequentValues.State state,
      @DataTypeHint(inputGroup = InputGroup.ANY) Object value,
      Long ts) {
    if (value != null) {
      FrequentValues.add(state, value, ts, TopK.NO_ID);
    }
  }

  public void accumulate(
      FrequentValues.State state,
      @DataTypeHint(inputGroup = InputGroup.ANY) Object value,
      Long ts,
      @DataTypeHint(inputGroup = InputGroup.ANY) Object id) {
    if (value != null) {
      FrequentValues.add(state, value, ts, TopK.idOf(id));
    }
  }

  public void merge(FrequentValues.State state, Iterable<FrequentValues.State> others) {
    for (FrequentValues.State other : others) {
      FrequentValues.merge(state, other);
    }
  }

  @Override
  public byte[] getValue(FrequentValues.State state) {
    return FrequentValues.toBytes(state);
  }
}
