-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 3572997230d99748c9624057f3b123ab2936b6b8612ff21415b55a0cbbc8422a

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

-- view short_and_long, rolling_1s
CREATE TEMPORARY VIEW `short_and_long__rolling_1s` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(*) OVER w AS `soon` -- short_and_long.soon: count() over rolling 1s
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' SECOND PRECEDING AND CURRENT ROW
);

-- view short_and_long, rolling_8d12h
CREATE TEMPORARY VIEW `short_and_long__rolling_8d12h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(*) OVER w AS `late` -- short_and_long.late: count() over rolling 8d12h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '204' HOUR(3) PRECEDING AND CURRENT ROW
);

-- view short_and_long, rolling_1s: the newest row of each user
CREATE TEMPORARY TABLE `short_and_long__rolling_1s__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `soon` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.short_and_long.rolling_1s',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view short_and_long, rolling_8d12h: the newest row of each user
CREATE TEMPORARY TABLE `short_and_long__rolling_8d12h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `late` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.short_and_long.rolling_8d12h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view short_and_long: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `short_and_long__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `soon` BIGINT,
  `late` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.short_and_long',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-short_and_long'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `short_and_long__rolling_1s__online`
SELECT `user_id`, `event_time`, `as_of`, `soon`
FROM `short_and_long__rolling_1s`;

INSERT INTO `short_and_long__rolling_8d12h__online`
SELECT `user_id`, `event_time`, `as_of`, `late`
FROM `short_and_long__rolling_8d12h`;

INSERT INTO `short_and_long__output`
SELECT 'rolling_1s' AS `_window`, `user_id`, `event_time`, `as_of`, `soon`, CAST(NULL AS BIGINT) AS `late`
FROM `short_and_long__rolling_1s`
UNION ALL
SELECT 'rolling_8d12h' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `soon`, `late`
FROM `short_and_long__rolling_8d12h`;

END;
