package dev.millrace.flink;

import org.apache.flink.table.functions.AggregateFunction;

/** One sketch of quantiles from many, whoever computed them. Nulls do not count. */
public class QuantileMerge extends AggregateFunction<byte[], QuantileSketch.State> {

  private final QuantileSketch sketching = new QuantileSketch();

  @Override
  public QuantileSketch.State createAccumulator() {
    return sketching.createAccumulator();
  }

  public void accumulate(QuantileSketch.State state, byte[] sketch) {
    if (sketch != null) {
      state.sketch = DdSketch.merge(state.sketch, sketch);
    }
  }

  public void merge(QuantileSketch.State state, Iterable<QuantileSketch.State> others) {
    sketching.merge(state, others);
  }

  @Override
  public byte[] getValue(QuantileSketch.State state) {
    return state.sketch.clone();
  }
}
