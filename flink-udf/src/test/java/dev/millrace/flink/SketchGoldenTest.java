package dev.millrace.flink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The file that the engine wrote: equal inputs have equal bytes here. */
class SketchGoldenTest {

  private static Stream<SketchCase> cases() {
    var file = SketchGoldenTest.class.getResourceAsStream("/sketches.tsv");
    return new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))
        .lines()
        .map(SketchCase::new);
  }

  @Test
  void thereAreCases() {
    assertEquals(33, cases().count());
  }

  @Test
  void bytesAndAnswersAreTheEngines() {
    cases()
        .forEach(
            one -> {
              assertArrayEquals(one.bytes, one.sketch(), one.name);
              assertEquals(one.answers, one.answersOf(one.sketch()), one.name);
            });
  }

  @Test
  void partsMergeToTheWholeInEitherOrder() {
    cases()
        .forEach(
            one -> {
              int middle = one.values.size() / 3;
              byte[] first = one.sketch(0, middle);
              byte[] second = one.sketch(middle, one.values.size());
              assertArrayEquals(one.bytes, one.merged(first, second), one.name);
              assertArrayEquals(one.bytes, one.merged(second, first), one.name);
            });
  }

  @Test
  void otherBytesAreRefused() {
    byte[] odd = {0, 1, 2};
    assertThrows(IllegalArgumentException.class, () -> new ApproxDistinctOf().eval(odd));
    assertThrows(IllegalArgumentException.class, () -> new QuantileOf().eval(odd, 0.5));
    assertThrows(IllegalArgumentException.class, () -> new QuantileOf().eval(new byte[56], 0.5));
  }

  @Test
  void valuesOfOtherTypesAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> ValueHash.of(new int[1]));
  }
}
