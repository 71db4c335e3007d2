package dev.millrace.flink;

import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.InputGroup;
import org.apache.flink.table.functions.AggregateFunction;

/** The sketch of `approxDistinct(x)` itself: bytes that the engine reads, and merges with its own. */
public class ApproxDistinctSketch extends AggregateFunction<byte[], ApproxDistinct.State> {

  private final ApproxDistinct counting = new ApproxDistinct();

  @Override
  public ApproxDistinct.State createAccumulator() {
    return counting.createAccumulator();
  }

  public void accumulate(
      ApproxDistinct.State state, @DataTypeHint(inputGroup = InputGroup.ANY) Object value) {
    counting.accumulate(state, value);
  }

  public void merge(ApproxDistinct.State state, Iterable<ApproxDistinct.State> others) {
    counting.merge(state, others);
  }

  @Override
  public byte[] getValue(ApproxDistinct.State state) {
    return state.sketch.clone();
  }
}
