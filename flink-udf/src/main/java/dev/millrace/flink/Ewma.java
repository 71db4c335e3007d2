package dev.millrace.flink;

import org.apache.flink.table.functions.AggregateFunction;

/**
 * `ewma(x, halfLife)` over windows that end and over all rows so far: the mean with weights that halve
 * with age. Arguments: the value, its event time and the half-life in milliseconds. Nulls do not count;
 * nothing is null.
 */
public class Ewma extends AggregateFunction<Double, Ewma.State> {

  /**
   * Sums at an anchor, which is a whole number of half-lives since the epoch: moving to a newer one
   * multiplies by a power of two, which is exact. What is not finite is counted apart.
   */
  public static class State {
    public long count;
    public double anchor = Double.NEGATIVE_INFINITY;
    public double sum;
    public double sumError;
    public double weight;
    public double weightError;
    public long nans;
    public long positiveInfinities;
    public long negativeInfinities;
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(State state, Double value, Long ts, Long halfLifeMs) {
    if (value != null) {
      add(state, value, ts, halfLifeMs);
    }
  }

  public void merge(State state, Iterable<State> others) {
    for (State other : others) {
      state.count += other.count;
      state.nans += other.nans;
      state.positiveInfinities += other.positiveInfinities;
      state.negativeInfinities += other.negativeInfinities;
      if (other.anchor == Double.NEGATIVE_INFINITY) {
        continue;
      }
      if (other.anchor > state.anchor) {
        moveAnchor(state, other.anchor);
      }
      double factor = Math.pow(2, other.anchor - state.anchor);
      addToSum(state, other.sum * factor);
      state.sumError += other.sumError * factor;
      addToWeight(state, other.weight * factor);
      state.weightError += other.weightError * factor;
    }
  }

  @Override
  public Double getValue(State state) {
    return meanOf(state);
  }

  static void add(State state, double value, long ts, long halfLifeMs) {
    state.count++;
    if (Double.isNaN(value)) {
      state.nans++;
    } else if (value == Double.POSITIVE_INFINITY) {
      state.positiveInfinities++;
    } else if (value == Double.NEGATIVE_INFINITY) {
      state.negativeInfinities++;
    } else {
      double lives = Math.floorDiv(ts, halfLifeMs);
      if (lives > state.anchor) {
        moveAnchor(state, lives);
      }
      double part = (ts - lives * halfLifeMs) / halfLifeMs;
      double weight = Math.pow(2, part - 1) * Math.pow(2, lives - state.anchor);
      addToSum(state, value * weight);
      addToWeight(state, weight);
    }
  }

  static Double meanOf(State state) {
    if (state.count == 0) {
      return null;
    }
    if (state.nans > 0 || (state.positiveInfinities > 0 && state.negativeInfinities > 0)) {
      return Double.NaN;
    }
    if (state.positiveInfinities > 0) {
      return Double.POSITIVE_INFINITY;
    }
    if (state.negativeInfinities > 0) {
      return Double.NEGATIVE_INFINITY;
    }
    double total = Double.isFinite(state.sum) ? state.sum + state.sumError : state.sum;
    return total / (state.weight + state.weightError);
  }

  private static void moveAnchor(State state, double anchor) {
    double factor = Math.pow(2, state.anchor - anchor);
    state.anchor = anchor;
    state.sum *= factor;
    state.sumError *= factor;
    state.weight *= factor;
    state.weightError *= factor;
  }

  private static void addToSum(State state, double y) {
    state.sumError += lost(state.sum, y);
    state.sum += y;
  }

  private static void addToWeight(State state, double y) {
    state.weightError += lost(state.weight, y);
    state.weight += y;
  }

  /** What s + y loses by rounding. */
  private static double lost(double s, double y) {
    double t = s + y;
    double z = t - s;
    return (s - (t - z)) + (y - z);
  }
}
