package dev.millrace.flink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Aggregates through their methods: what enters, leaves and is merged, against all values afresh. */
class AggregatesTest {

  private static Long distinctOf(List<?> values) {
    ApproxDistinct function = new ApproxDistinct();
    ApproxDistinct.State state = function.createAccumulator();
    values.forEach(value -> function.accumulate(state, value));
    return function.getValue(state);
  }

  private static Quantile.State stateOf(List<Double> values, double q) {
    Quantile function = new Quantile();
    Quantile.State state = function.createAccumulator();
    values.forEach(value -> function.accumulate(state, value, q));
    return state;
  }

  private static Double quantileOf(List<Double> values, double q) {
    return new Quantile().getValue(stateOf(values, q));
  }

  private static List<Double> amounts(Random random, int count) {
    List<Double> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(i % 17 == 3 ? null : Double.valueOf(random.nextInt(500) / 4.0 - 20));
    }
    return values;
  }

  @Test
  void nothingHasTheValueOfNothing() {
    assertEquals(0L, distinctOf(new ArrayList<>()));
    assertNull(quantileOf(new ArrayList<>(), 0.5));
    assertEquals(0L, new RollingApproxDistinct().getValue(new RollingApproxDistinct.State()));
    assertNull(new RollingQuantile().getValue(new RollingQuantile.State()));
    assertNull(new ApproxDistinctOf().eval(null));
    assertNull(new QuantileOf().eval(null, 0.5));
  }

  @Test
  void aQuantileIsExactUpToAThousandValues() {
    List<Double> values = new ArrayList<>();
    for (int i = 1; i <= 1000; i++) {
      values.add((double) i);
    }
    assertEquals(950.0, quantileOf(values, 0.95));
    values.add(1001.0);
    double beyond = quantileOf(values, 0.95);
    assertEquals(950.0, beyond, 9.6);
    assertEquals(false, beyond == 950.0);
  }

  @Test
  void partsOfAQuantileMergeToTheWhole() {
    Random random = new Random(5);
    for (int[] sizes : new int[][] {{0, 30}, {30, 0}, {500, 400}, {900, 900}, {1500, 20}, {0, 0}}) {
      List<Double> one = amounts(random, sizes[0]);
      List<Double> other = amounts(random, sizes[1]);
      List<Double> all = new ArrayList<>(one);
      all.addAll(other);
      Quantile.State state = stateOf(one, 0.3);
      Quantile.State from = stateOf(other, 0.3);
      new Quantile().merge(state, List.of(from, new Quantile.State()));
      assertEquals(quantileOf(all, 0.3), new Quantile().getValue(state));
      assertEquals(quantileOf(other, 0.3), new Quantile().getValue(from));
    }
  }

  @Test
  void aRollingQuantileIsThatOfTheRowsInTheWindow() throws Exception {
    List<Double> values = amounts(new Random(11), 2600);
    RollingQuantile function = new RollingQuantile();
    RollingQuantile.State state = function.createAccumulator();
    int head = 0;
    for (int tail = 1; tail <= values.size(); tail++) {
      function.accumulate(state, values.get(tail - 1), 0.9);
      int size = tail < 1500 ? 1200 : 300;
      for (; tail - head > size; head++) {
        function.retract(state, values.get(head), 0.9);
      }
      if (tail % 7 == 0 || Math.abs(tail - 1050) < 30) {
        assertEquals(quantileOf(values.subList(head, tail), 0.9), function.getValue(state));
      }
    }
  }

  @Test
  void aRollingCountIsThatOfTheRowsInTheWindow() throws Exception {
    Random random = new Random(3);
    List<Long> values = new ArrayList<>();
    for (int i = 0; i < 4000; i++) {
      values.add(i % 19 == 5 ? null : (Long) (long) random.nextInt(1500));
    }
    RollingApproxDistinct function = new RollingApproxDistinct();
    RollingApproxDistinct.State state = function.createAccumulator();
    int head = 0;
    for (int tail = 1; tail <= values.size(); tail++) {
      function.accumulate(state, values.get(tail - 1));
      int size = tail < 2500 ? 1400 : 500;
      for (; tail - head > size; head++) {
        function.retract(state, values.get(head));
      }
      if (tail % 7 == 0) {
        assertEquals(distinctOf(values.subList(head, tail)), function.getValue(state));
      }
    }
  }

  private static String topOf(List<Integer> values) {
    TopK function = new TopK();
    TopK.State state = function.createAccumulator();
    values.forEach(value -> function.accumulate(state, value, 0L, 3));
    return String.join(" ", function.getValue(state));
  }

  @Test
  void theMostFrequentValuesOfAWindowAreThoseOfItsRows() throws Exception {
    Random random = new Random(9);
    List<Integer> values = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      values.add(i % 11 == 4 ? null : (Integer) (int) Math.abs(random.nextGaussian() * 8));
    }
    RollingTopK function = new RollingTopK();
    RollingTopK.State state = function.createAccumulator();
    assertEquals(0, function.getValue(state).length);
    for (int tail = 1; tail <= values.size(); tail++) {
      function.accumulate(state, values.get(tail - 1), 3);
      int head = Math.max(0, tail - 150);
      if (tail > 150) {
        function.retract(state, values.get(tail - 151), 3);
      }
      assertEquals(topOf(values.subList(head, tail)), String.join(" ", function.getValue(state)));
    }
  }

  @Test
  void partsOfTopKMergeToTheWhole() {
    TopK function = new TopK();
    TopK.State first = function.createAccumulator();
    TopK.State second = function.createAccumulator();
    function.accumulate(first, "b", 1L, 2);
    function.accumulate(second, "a", 2L, 2, 7);
    function.accumulate(second, "a", 3L, 2, null);
    function.merge(first, List.of(second, function.createAccumulator()));
    assertEquals("a b", String.join(" ", function.getValue(first)));
  }

  private static Double decayedOf(List<Double> values, int from, int to) {
    Ewma function = new Ewma();
    Ewma.State state = function.createAccumulator();
    for (int i = from; i < to; i++) {
      function.accumulate(state, values.get(i), i / 3 * 700L, 10_000L);
    }
    return function.getValue(state);
  }

  @Test
  void aDecayedMeanIsThatOfTheRowsInTheWindow() throws Exception {
    List<Double> values = amounts(new Random(2), 400);
    RollingEwma function = new RollingEwma();
    RollingEwma.State state = function.createAccumulator();
    assertNull(function.getValue(state));
    for (int tail = 1; tail <= values.size(); tail++) {
      function.accumulate(state, values.get(tail - 1), (tail - 1) / 3 * 700L, 10_000L);
      int head = Math.max(0, tail - 50);
      if (tail > 50) {
        function.retract(state, values.get(head - 1), (head - 1) / 3 * 700L, 10_000L);
      }
      assertEquals(decayedOf(values, head, tail), function.getValue(state), 1e-9);
    }
  }

  @Test
  void partsOfADecayedMeanMergeToTheWhole() {
    Ewma function = new Ewma();
    double oneHalfLifeApart = (4 + 2 * 7) / 3.0;
    for (boolean isNewerFirst : new boolean[] {true, false}) {
      Ewma.State older = function.createAccumulator();
      Ewma.State newer = function.createAccumulator();
      function.accumulate(older, 4.0, 5_000L, 1_000L);
      function.accumulate(newer, 7.0, 6_000L, 1_000L);
      Ewma.State into = isNewerFirst ? newer : older;
      function.merge(into, List.of(isNewerFirst ? older : newer, function.createAccumulator()));
      assertEquals(oneHalfLifeApart, function.getValue(into), 1e-12);
    }
    Ewma.State odd = function.createAccumulator();
    function.accumulate(odd, Double.POSITIVE_INFINITY, 1L, 1_000L);
    assertEquals(Double.POSITIVE_INFINITY, function.getValue(odd));
    function.accumulate(odd, Double.NEGATIVE_INFINITY, 1L, 1_000L);
    assertEquals(Double.NaN, function.getValue(odd));
  }
}
