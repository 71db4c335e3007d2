import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;

/** For each pair of lines (the reader's schema, the writer's): COMPATIBLE, INCOMPATIBLE or INVALID. */
class JudgeSchemas {
  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String reader; (reader = lines.readLine()) != null; ) {
      System.out.println(judge(reader, lines.readLine()));
    }
  }

  static String judge(String reader, String writer) {
    try {
      Schema first = new Schema.Parser().parse(reader);
      Schema second = new Schema.Parser().parse(writer);
      return SchemaCompatibility.checkReaderWriterCompatibility(first, second).getType().name();
    } catch (org.apache.avro.AvroRuntimeException error) {
      return "INVALID";
    }
  }
}
