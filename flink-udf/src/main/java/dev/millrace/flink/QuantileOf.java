package dev.millrace.flink;

import org.apache.flink.table.functions.ScalarFunction;

/** The quantile that a sketch gives; null of null, and of a sketch of nothing. */
public class QuantileOf extends ScalarFunction {

  public Double eval(byte[] sketch, Double q) {
    return sketch == null || q == null ? null : DdSketch.quantile(sketch, q);
  }
}
