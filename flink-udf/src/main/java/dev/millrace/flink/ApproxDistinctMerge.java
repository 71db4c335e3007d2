package dev.millrace.flink;

import org.apache.flink.table.functions.AggregateFunction;

/** One sketch of distinct values from many, whoever computed them. Nulls do not count. */
public class ApproxDistinctMerge extends AggregateFunction<byte[], ApproxDistinct.State> {

  private final ApproxDistinct counting = new ApproxDistinct();

  @Override
  public ApproxDistinct.State createAccumulator() {
    return counting.createAccumulator();
  }

  public void accumulate(ApproxDistinct.State state, byte[] sketch) {
    if (sketch != null) {
      state.sketch = HyperLogLog.merge(state.sketch, sketch);
    }
  }

  public void merge(ApproxDistinct.State state, Iterable<ApproxDistinct.State> others) {
    counting.merge(state, others);
  }

  @Override
  public byte[] getValue(ApproxDistinct.State state) {
    return state.sketch.clone();
  }
}
