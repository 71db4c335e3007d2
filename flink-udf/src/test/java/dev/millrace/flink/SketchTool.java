package dev.millrace.flink;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Reads cases, with the engine's sketch of their first half as a further column; writes for each the
 * sketch of all values, that of the second half, both halves merged here, and the answers.
 */
final class SketchTool {

  private SketchTool() {}

  public static void main(String[] args) throws IOException {
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      SketchCase one = new SketchCase(line);
      byte[] firstHalf = Base64.getDecoder().decode(line.substring(line.lastIndexOf('\t') + 1));
      byte[] whole = one.sketch();
      byte[] secondHalf = one.sketch(one.values.size() / 2, one.values.size());
      System.out.println(
          String.join(
              "\t",
              base64(whole),
              base64(secondHalf),
              base64(one.merged(firstHalf, secondHalf)),
              one.answersOf(whole)));
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
