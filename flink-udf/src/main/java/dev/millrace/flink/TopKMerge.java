package dev.millrace.flink;

import org.apache.flink.table.functions.AggregateFunction;

/** One summary of frequent values from many, whoever computed them. Nulls do not count. */
public class TopKMerge extends AggregateFunction<byte[], FrequentValues.State> {

  @Override
  public FrequentValues.State createAccumulator() {
    return new FrequentValues.State();
  }

  public void accumulate(FrequentValues.State state, byte[] sketch) {
    if (sketch != null) {
      FrequentValues.merge(state, FrequentValues.fromBytes(sketch));
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
