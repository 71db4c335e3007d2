// Writes records as the Java client does, told by lines of standard input or of a file:
//   begin | commit | abort | flush
//   send TOPIC PARTITION KEY VALUE [HEADER=VALUE …]   (tab-separated; KEY or VALUE "\N" is null)
// Arguments: BOOTSTRAP SCRIPT|- [producer settings NAME=VALUE …]. With transactional.id among the
// settings it opens transactions. Prints the offset of every record, one a line.
import java.io.BufferedReader;
import java.io.FileReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Produce {
  public static void main(String[] args) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    for (int i = 2; i < args.length; i++) {
      String[] pair = args[i].split("=", 2);
      settings.put(pair[0], pair[1]);
    }
    BufferedReader script = new BufferedReader(args[1].equals("-")
        ? new InputStreamReader(System.in, StandardCharsets.UTF_8)
        : new FileReader(args[1], StandardCharsets.UTF_8));
    ByteArraySerializer bytes = new ByteArraySerializer();
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, bytes, bytes)) {
      if (settings.containsKey("transactional.id")) producer.initTransactions();
      for (String line = script.readLine(); line != null; line = script.readLine()) {
        String[] words = line.split("\t", -1);
        switch (words[0]) {
          case "begin" -> producer.beginTransaction();
          case "commit" -> producer.commitTransaction();
          case "abort" -> {
            producer.flush();
            producer.abortTransaction();
          }
          case "flush" -> producer.flush();
          case "send" -> sent.add(producer.send(record(words)));
          default -> throw new IllegalArgumentException(line);
        }
      }
      producer.flush();
      for (Future<RecordMetadata> one : sent) System.out.println(one.get().offset());
    }
  }

  static ProducerRecord<byte[], byte[]> record(String[] words) {
    Integer partition = words[2].isEmpty() ? null : Integer.valueOf(words[2]);
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(words[1], partition, bytes(words[3]), bytes(words[4]));
    for (int i = 5; i < words.length; i++) {
      String[] pair = words[i].split("=", 2);
      record.headers().add(pair[0], bytes(pair[1]));
    }
    return record;
  }

  static byte[] bytes(String text) {
    return text.equals("\\N") ? null : text.getBytes(StandardCharsets.UTF_8);
  }
}
