package dev.millrace.flink;

import java.util.Map;
import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.table.functions.AggregateFunction;

/**
 * `ewma(x, halfLife)` over windows that rows leave: computed afresh from the values in the window, for
 * taking a value away again would leave its rounding behind. State grows with the rows in the window,
 * which Flink keeps anyway.
 */
public class RollingEwma extends AggregateFunction<Double, RollingEwma.State> {

  private static final int WORD = 8;

  /** Values by event time, as little-endian doubles. */
  public static class State {
    public long halfLifeMs;
    public MapView<Long, byte[]> valuesOfTime = new MapView<>();
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(State state, Double value, Long ts, Long halfLifeMs) throws Exception {
    if (value == null) {
      return;
    }
    state.halfLifeMs = halfLifeMs;
    byte[] known = state.valuesOfTime.get(ts);
    state.valuesOfTime.put(ts, ExactValues.with(known == null ? new byte[0] : known, value));
  }

  public void retract(State state, Double value, Long ts, Long halfLifeMs) throws Exception {
    if (value == null) {
      return;
    }
    byte[] known = state.valuesOfTime.get(ts);
    int at = known == null ? -1 : find(known, value);
    if (at < 0) {
      throw new IllegalStateException("a value leaves a window that does not hold it");
    }
    if (known.length == WORD) {
      state.valuesOfTime.remove(ts);
    } else {
      state.valuesOfTime.put(ts, LittleEndian.narrowed(known, at, WORD));
    }
  }

  @Override
  public Double getValue(State state) {
    Ewma.State sums = new Ewma.State();
    try {
      for (Map.Entry<Long, byte[]> entry : state.valuesOfTime.entries()) {
        for (double value : ExactValues.of(entry.getValue())) {
          Ewma.add(sums, value, entry.getKey(), state.halfLifeMs);
        }
      }
    } catch (Exception cause) {
      throw new IllegalStateException("the values of a window cannot be read", cause);
    }
    return Ewma.meanOf(sums);
  }

  /** Offset of a value, or -1. */
  private static int find(byte[] values, double value) {
    long bits = Double.doubleToLongBits(value);
    for (int at = 0; at < values.length; at += WORD) {
      if (Double.doubleToLongBits(LittleEndian.doubleAt(values, at)) == bits) {
        return at;
      }
    }
    return -1;
  }
}
