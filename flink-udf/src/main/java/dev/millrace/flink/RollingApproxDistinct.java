package dev.millrace.flink;

import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.InputGroup;
import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.table.functions.AggregateFunction;

/**
 * `approxDistinct(x)` over windows that rows leave. A register cannot be lowered again, so the rows
 * behind each are counted; the value is that of a sketch of the rows in the window. State grows with
 * the different values in the window, all of whose rows Flink keeps anyway.
 */
public class RollingApproxDistinct
    extends AggregateFunction<Long, RollingApproxDistinct.State> {

  private static final int RANKS = 64;

  /** Rows by the upper half of their hash, and by register and rank. */
  public static class State {
    public int uppers;
    /** While there are more values than a sketch keeps exactly; else null. */
    public byte[] registers;
    public MapView<Integer, Long> rowsOfUpper = new MapView<>();
    public MapView<Integer, Long> rowsOfRank = new MapView<>();
  }

  @Override
  public State createAccumulator() {
    return new State();
  }

  public void accumulate(
      State state, @DataTypeHint(inputGroup = InputGroup.ANY) Object value) throws Exception {
    if (value == null) {
      return;
    }
    long hash = ValueHash.of(value);
    int upper = HyperLogLog.upperOf(hash);
    int register = HyperLogLog.registerOf(upper);
    int rank = HyperLogLog.rankOf(upper, HyperLogLog.lowerOf(hash));
    bump(state.rowsOfRank, register * RANKS + rank, 1);
    if (bump(state.rowsOfUpper, upper, 1) == 1) {
      state.uppers++;
    }
    if (state.registers != null) {
      state.registers[register] = (byte) Math.max(state.registers[register], rank);
    } else if (state.uppers > HyperLogLog.SPARSE_MAX) {
      state.registers = registersOf(state.rowsOfRank);
    }
  }

  public void retract(
      State state, @DataTypeHint(inputGroup = InputGroup.ANY) Object value) throws Exception {
    if (value == null) {
      return;
    }
    long hash = ValueHash.of(value);
    int upper = HyperLogLog.upperOf(hash);
    int register = HyperLogLog.registerOf(upper);
    int rank = HyperLogLog.rankOf(upper, HyperLogLog.lowerOf(hash));
    long left = bump(state.rowsOfRank, register * RANKS + rank, -1);
    if (bump(state.rowsOfUpper, upper, -1) == 0) {
      state.uppers--;
    }
    if (state.uppers <= HyperLogLog.SPARSE_MAX) {
      state.registers = null;
    } else if (left == 0 && state.registers[register] == rank) {
      state.registers[register] = highestRank(state.rowsOfRank, register, rank);
    }
  }

  @Override
  public Long getValue(State state) {
    if (state.registers == null) {
      return (long) state.uppers;
    }
    return HyperLogLog.estimate(HyperLogLog.ofRegisters(state.registers));
  }

  /** Counts a row in or out; returns how many there are now. */
  private static long bump(MapView<Integer, Long> rows, int key, int times) throws Exception {
    Long before = rows.get(key);
    long now = (before == null ? 0 : before) + times;
    if (now == 0) {
      rows.remove(key);
    } else {
      rows.put(key, now);
    }
    return now;
  }

  private static byte[] registersOf(MapView<Integer, Long> rowsOfRank) throws Exception {
    byte[] registers = new byte[HyperLogLog.REGISTERS];
    for (int key : rowsOfRank.keys()) {
      int register = key / RANKS;
      registers[register] = (byte) Math.max(registers[register], key % RANKS);
    }
    return registers;
  }

  private static byte highestRank(MapView<Integer, Long> rowsOfRank, int register, int below)
      throws Exception {
    for (int rank = below - 1; rank > 0; rank--) {
      if (rowsOfRank.contains(register * RANKS + rank)) {
        return (byte) rank;
      }
    }
    return 0;
  }
}
