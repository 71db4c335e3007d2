-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 569beaadd3e2a18bfb7874504a020887951d9c562dfefb96674f1cafe53ae597

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

-- stream events
CREATE TEMPORARY TABLE `events` (
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
  WATERMARK FOR `event_time__rowtime` AS `event_time__rowtime` - INTERVAL '5' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'corpus.events',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'millrace-corpus',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true',
  'scan.watermark.emit.strategy' = 'on-event',
  'scan.watermark.idle-timeout' = '30000 ms'
);

-- stream events: records with every required field; instants as epoch ms
CREATE TEMPORARY VIEW `events__records` AS
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
FROM `events`
WHERE `seq` IS NOT NULL AND `event_id` IS NOT NULL AND `user_id` IS NOT NULL AND `ts` IS NOT NULL;

-- view timestamp_key, tumbling_1m
CREATE TEMPORARY VIEW `timestamp_key__tumbling_1m` AS
SELECT
  `ts` AS `at`,
  `seq` AS `whole`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) AS `n` -- timestamp_key.n: count() over tumbling 1m
FROM TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `ts`, `seq`, `window_start`, `window_end`, `window_time`;

-- view timestamp_key, tumbling_1m: the newest row of each moment
CREATE TEMPORARY TABLE `timestamp_key__tumbling_1m__online` (
  `at` TIMESTAMP_LTZ(3),
  `whole` INT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  PRIMARY KEY (`at`, `whole`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.timestamp_key.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view timestamp_key: every row
CREATE TEMPORARY TABLE `timestamp_key__output` (
  `at` TIMESTAMP_LTZ(3),
  `whole` INT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.timestamp_key',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-timestamp_key'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `timestamp_key__tumbling_1m__online`
SELECT TO_TIMESTAMP_LTZ(`at`, 3) AS `at`, `whole`, `event_time`, `as_of`, `n`
FROM `timestamp_key__tumbling_1m`;

INSERT INTO `timestamp_key__output`
SELECT TO_TIMESTAMP_LTZ(`at`, 3) AS `at`, `whole`, `event_time`, `as_of`, `n`
FROM `timestamp_key__tumbling_1m`;

END;
