package dev.millrace.flink;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The most frequent values, as the engine summarises them: exact counts of up to 1,000 different ones;
 * beyond, those of least rank and a count-min sketch. A value's rank is the least hash of its records,
 * so that the summary follows from the records alone, in whatever order and grouping they come.
 *
 * <p>Sources: Cormode, Muthukrishnan, "An Improved Data Stream Summary: The Count-Min Sketch" (2005);
 * Rosen, "Asymptotic Theory for Successive Sampling with Varying Probabilities" (1972).
 */
public final class FrequentValues {

  static final int VALUES_MAX = 1000;
  private static final int DEPTH = 4;
  private static final int WIDTH = 2048;
  private static final int VERSION = 1;
  private static final int WORD = 8;
  /** Hash, rank, count; offset and length of the value. */
  private static final int ENTRY = 32;

  private FrequentValues() {}

  /** What is kept: entries in order of hash, their values one behind the other, and the counters. */
  public static class State {
    public byte[] entries = new byte[0];
    public byte[] values = new byte[0];
    /** Little-endian doubles; null while counts are exact. */
    public byte[] counters;
  }

  private static final class Entry {
    final byte[] value;
    final double hash;
    double rank;
    double count;

    Entry(byte[] value, double hash, double rank, double count) {
      this.value = value;
      this.hash = hash;
      this.rank = rank;
      this.count = count;
    }
  }

  /** The place of a record among all records; `id` is the hash of its id, -1 without one. */
  static double rankOf(long hash, long ts, double id) {
    byte[] record = new byte[3 * WORD];
    LittleEndian.putDouble(record, 0, hash);
    LittleEndian.putDouble(record, WORD, ts);
    LittleEndian.putDouble(record, 2 * WORD, id);
    return ValueHash.ofBytes(record);
  }

  static void add(State state, Object given, long ts, double id) {
    byte[] value = SketchValue.encode(given);
    long hash = SketchValue.hashOf(value);
    double rank = rankOf(hash, ts, id);
    if (state.counters != null) {
      countIn(state.counters, hash, 1);
    }
    put(state, new Entry(value, hash, rank, 1));
    bound(state);
  }

  static void merge(State into, State from) {
    List<Entry> others = entriesOf(from);
    if (from.counters != null) {
      estimate(into);
      for (int at = 0; at < into.counters.length; at += WORD) {
        double sum = LittleEndian.doubleAt(into.counters, at);
        LittleEndian.putDouble(
            into.counters, at, sum + LittleEndian.doubleAt(from.counters, at));
      }
    } else if (into.counters != null) {
      others.forEach(entry -> countIn(into.counters, (long) entry.hash, entry.count));
    }
    for (Entry entry : others) {
      put(into, entry);
    }
    bound(into);
  }

  /** The `limit` most frequent values as text, equal counts in the order of values. */
  static String[] top(State state, int limit, boolean areDecimals) {
    List<Entry> kept = pruned(entriesOf(state));
    if (state.counters != null) {
      kept.forEach(entry -> entry.count = estimateOf(state.counters, (long) entry.hash));
    }
    Comparator<Entry> byCount = Comparator.comparingDouble(entry -> -entry.count);
    kept.sort(byCount.thenComparing((a, b) -> SketchValue.compare(a.value, b.value, areDecimals)));
    return kept.stream()
        .limit(limit)
        .map(entry -> SketchValue.textOf(entry.value))
        .toArray(String[]::new);
  }

  /** Version, flags, entries in order of rank, counters: the engine's format. */
  public static byte[] toBytes(State state) {
    ByteArrayOutputStream to = new ByteArrayOutputStream();
    List<Entry> kept = pruned(entriesOf(state));
    kept.sort(BY_RANK);
    to.write(VERSION);
    to.write(state.counters == null ? 0 : 1);
    SketchValue.putVarint(to, kept.size());
    byte[] rank = new byte[WORD];
    for (Entry entry : kept) {
      LittleEndian.putDouble(rank, 0, entry.rank);
      to.writeBytes(rank);
      if (state.counters == null) {
        SketchValue.putVarint(to, (long) entry.count);
      }
      to.writeBytes(entry.value);
    }
    for (int at = 0; state.counters != null && at < state.counters.length; at += WORD) {
      SketchValue.putVarint(to, (long) LittleEndian.doubleAt(state.counters, at));
    }
    return to.toByteArray();
  }

  /** The inverse of `toBytes`. */
  public static State fromBytes(byte[] bytes) {
    if (bytes.length < 3 || bytes[0] != VERSION) {
      throw new IllegalArgumentException("these bytes are no summary of frequent values");
    }
    State state = new State();
    boolean isEstimated = bytes[1] == 1;
    int at = SketchValue.endOfVarint(bytes, 2);
    for (long left = SketchValue.varintAt(bytes, 2); left > 0; left--) {
      double rank = LittleEndian.doubleAt(bytes, at);
      at += WORD;
      double count = 0;
      if (!isEstimated) {
        count = SketchValue.varintAt(bytes, at);
        at = SketchValue.endOfVarint(bytes, at);
      }
      int length = SketchValue.lengthAt(bytes, at);
      byte[] value = Arrays.copyOfRange(bytes, at, at + length);
      put(state, new Entry(value, SketchValue.hashOf(value), rank, count));
      at += length;
    }
    if (isEstimated) {
      state.counters = new byte[DEPTH * WIDTH * WORD];
      for (int i = 0; i < state.counters.length; i += WORD) {
        LittleEndian.putDouble(state.counters, i, SketchValue.varintAt(bytes, at));
        at = SketchValue.endOfVarint(bytes, at);
      }
    }
    return state;
  }

  private static final Comparator<Entry> BY_RANK =
      Comparator.<Entry>comparingDouble(entry -> entry.rank)
          .thenComparingDouble(entry -> entry.hash);

  private static int size(State state) {
    return state.entries.length / ENTRY;
  }

  private static double hashAt(State state, int i) {
    return LittleEndian.doubleAt(state.entries, i * ENTRY);
  }

  private static byte[] valueAt(State state, int i) {
    int offset = LittleEndian.intAt(state.entries, i * ENTRY + 3 * WORD);
    int length = LittleEndian.intAt(state.entries, i * ENTRY + 3 * WORD + 4);
    return Arrays.copyOfRange(state.values, offset, offset + length);
  }

  private static List<Entry> entriesOf(State state) {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < size(state); i++) {
      double rank = LittleEndian.doubleAt(state.entries, i * ENTRY + WORD);
      double count = LittleEndian.doubleAt(state.entries, i * ENTRY + 2 * WORD);
      entries.add(new Entry(valueAt(state, i), hashAt(state, i), rank, count));
    }
    return entries;
  }

  /** Adds to the entry of a value, or makes one. */
  private static void put(State state, Entry added) {
    int i = lowerBound(state, added.hash);
    for (; i < size(state) && hashAt(state, i) == added.hash; i++) {
      if (!Arrays.equals(valueAt(state, i), added.value)) {
        continue;
      }
      int at = i * ENTRY;
      double rank = LittleEndian.doubleAt(state.entries, at + WORD);
      double count = LittleEndian.doubleAt(state.entries, at + 2 * WORD);
      LittleEndian.putDouble(state.entries, at + WORD, Math.min(rank, added.rank));
      LittleEndian.putDouble(state.entries, at + 2 * WORD, count + added.count);
      return;
    }
    int at = i * ENTRY;
    state.entries = LittleEndian.widened(state.entries, at, ENTRY);
    LittleEndian.putDouble(state.entries, at, added.hash);
    LittleEndian.putDouble(state.entries, at + WORD, added.rank);
    LittleEndian.putDouble(state.entries, at + 2 * WORD, added.count);
    int offset = state.values.length;
    LittleEndian.putInt(state.entries, at + 3 * WORD, offset);
    LittleEndian.putInt(state.entries, at + 3 * WORD + 4, added.value.length);
    state.values = Arrays.copyOf(state.values, offset + added.value.length);
    System.arraycopy(added.value, 0, state.values, offset, added.value.length);
  }

  private static int lowerBound(State state, double hash) {
    int low = 0;
    int high = size(state);
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (hashAt(state, middle) < hash) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static void bound(State state) {
    int size = size(state);
    if (size > VALUES_MAX) {
      estimate(state);
    }
    if (size >= 2 * VALUES_MAX) {
      List<Entry> kept = pruned(entriesOf(state));
      state.entries = new byte[0];
      state.values = new byte[0];
      kept.forEach(entry -> put(state, entry));
    }
  }

  private static List<Entry> pruned(List<Entry> entries) {
    if (entries.size() <= VALUES_MAX) {
      return entries;
    }
    entries.sort(BY_RANK);
    return new ArrayList<>(entries.subList(0, VALUES_MAX));
  }

  /** Makes the counters where there are none yet. */
  private static void estimate(State state) {
    if (state.counters != null) {
      return;
    }
    byte[] counters = new byte[DEPTH * WIDTH * WORD];
    entriesOf(state).forEach(entry -> countIn(counters, (long) entry.hash, entry.count));
    state.counters = counters;
  }

  /** Each row has eleven bits of the hash of its own. */
  private static int cellOf(long hash, int row) {
    return (row * WIDTH + (int) ((hash >>> (11 * row)) % WIDTH)) * WORD;
  }

  private static void countIn(byte[] counters, long hash, double count) {
    for (int row = 0; row < DEPTH; row++) {
      int cell = cellOf(hash, row);
      LittleEndian.putDouble(counters, cell, LittleEndian.doubleAt(counters, cell) + count);
    }
  }

  private static double estimateOf(byte[] counters, long hash) {
    double least = Double.POSITIVE_INFINITY;
    for (int row = 0; row < DEPTH; row++) {
      least = Math.min(least, LittleEndian.doubleAt(counters, cellOf(hash, row)));
    }
    return least;
  }
}
