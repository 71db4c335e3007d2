-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 5b7d76e0e51d4fd3156a247bfbaf5c4cd5c1a31b3a55893b89b9e1692812c835

SET 'pipeline.name' = 'millrace-corpus';
SET 'execution.runtime-mode' = 'streaming';
SET 'table.local-time-zone' = 'UTC';
SET 'table.exec.state.ttl' = '0';
SET 'table.exec.mini-batch.enabled' = 'false';
SET 'table.exec.sink.not-null-enforcer' = 'DROP';
SET 'table.optimizer.reuse-source-enabled' = 'true';
SET 'table.optimizer.reuse-sub-plan-enabled' = 'true';
SET 'execution.checkpointing.interval' = '10000 ms';
SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';

-- stream punctual_events
CREATE TEMPORARY TABLE `punctual_events` (
  `seq` INT,
  `event_id` STRING,
  `user_id` STRING,
  `event_type` STRING,
  `amount` DOUBLE,
  `price` DECIMAL(10, 2),
  `qty` INT,
  `category` STRING,
  `ts` BIGINT,
  `event_time__rowtime` AS TO_TIMESTAMP_LTZ(COALESCE(`ts`, 0), 3),
  WATERMARK FOR `event_time__rowtime` AS `event_time__rowtime`
) WITH (
  'connector' = 'kafka',
  'topic' = 'corpus.punctual_events',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'millrace-corpus',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true',
  'scan.watermark.emit.strategy' = 'on-event'
);

-- stream punctual_events: records with every required field; instants as epoch ms
CREATE TEMPORARY VIEW `punctual_events__records` AS
SELECT
  `seq`,
  `event_id`,
  `user_id`,
  `event_type`,
  `amount`,
  `price`,
  `qty`,
  `category`,
  `ts`,
  `event_time__rowtime`
FROM `punctual_events`
WHERE `seq` IS NOT NULL AND `event_id` IS NOT NULL AND `user_id` IS NOT NULL AND `ts` IS NOT NULL;

-- view tumbling_punctual, tumbling_10s
CREATE TEMPORARY VIEW `tumbling_punctual__tumbling_10s` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) AS `n`, -- tumbling_punctual.n: count() over tumbling 10s
  MIN(`seq`) AS `first_seq`, -- tumbling_punctual.first_seq: min(seq) over tumbling 10s
  SUM(CAST(`seq` AS BIGINT)) AS `all_seq` -- tumbling_punctual.all_seq: sum(seq) over tumbling 10s
FROM TUMBLE(TABLE `punctual_events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '10' SECOND)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view tumbling_punctual, tumbling_10s: the newest row of each user
CREATE TEMPORARY TABLE `tumbling_punctual__tumbling_10s__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `first_seq` INT,
  `all_seq` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.tumbling_punctual.tumbling_10s',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view tumbling_punctual: every row
CREATE TEMPORARY TABLE `tumbling_punctual__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `first_seq` INT,
  `all_seq` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.tumbling_punctual',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-tumbling_punctual'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `tumbling_punctual__tumbling_10s__online`
SELECT `user_id`, `event_time`, `as_of`, `n`, `first_seq`, `all_seq`
FROM `tumbling_punctual__tumbling_10s`;

INSERT INTO `tumbling_punctual__output`
SELECT `user_id`, `event_time`, `as_of`, `n`, `first_seq`, `all_seq`
FROM `tumbling_punctual__tumbling_10s`;

END;
