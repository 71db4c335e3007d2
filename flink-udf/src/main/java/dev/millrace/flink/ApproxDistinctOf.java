package dev.millrace.flink;

import org.apache.flink.table.functions.ScalarFunction;

/** The estimate that a sketch of distinct values gives; null of null. */
public class ApproxDistinctOf extends ScalarFunction {

  public Long eval(byte[] sketch) {
    return sketch == null ? null : HyperLogLog.estimate(sketch);
  }
}
