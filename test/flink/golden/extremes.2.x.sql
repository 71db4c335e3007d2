-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 8229e6e9192fce43d9641a0703d2b01b227f15519476e2f19a069ade4858085e

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

-- view extremes, tumbling_1m
CREATE TEMPORARY VIEW `extremes__tumbling_1m` AS
SELECT
  `user_id`,
  `event_time`,
  `as_of`,
  `least`,
  `most`,
  `first_name`,
  TO_TIMESTAMP_LTZ(`latest`, 3) AS `latest`
FROM (
  SELECT
    `user_id`,
    TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
    CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
    MIN(`amount`) AS `least`, -- extremes.least: min(amount) over tumbling 1m
    MAX(`price`) AS `most`, -- extremes.most: max(price) over tumbling 1m
    MIN(`category`) AS `first_name`, -- extremes.first_name: min(category) over tumbling 1m
    MAX(`ts`) AS `latest` -- extremes.latest: max(ts) over tumbling 1m
  FROM TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
  GROUP BY `user_id`, `window_start`, `window_end`, `window_time`
);

-- view extremes, rolling_1h
CREATE TEMPORARY VIEW `extremes__rolling_1h` AS
SELECT
  `user_id`,
  `event_time`,
  `as_of`,
  `rolling_least`,
  `rolling_name`,
  TO_TIMESTAMP_LTZ(`rolling_latest`, 3) AS `rolling_latest`
FROM (
  SELECT
    `user_id`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
    MIN(`qty`) OVER w AS `rolling_least`, -- extremes.rolling_least: min(qty) over rolling 1h
    MAX(`category`) OVER w AS `rolling_name`, -- extremes.rolling_name: max(category) over rolling 1h
    MAX(`ts`) OVER w AS `rolling_latest` -- extremes.rolling_latest: max(ts) over rolling 1h
  FROM `events__records`
  WINDOW w AS (
    PARTITION BY `user_id` ORDER BY `event_time__rowtime`
    RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
  )
);

-- view extremes, tumbling_1m: the newest row of each user
CREATE TEMPORARY TABLE `extremes__tumbling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `least` DOUBLE,
  `most` DECIMAL(10, 2),
  `first_name` STRING,
  `latest` TIMESTAMP_LTZ(3),
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.extremes.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view extremes, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `extremes__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `rolling_least` INT,
  `rolling_name` STRING,
  `rolling_latest` TIMESTAMP_LTZ(3),
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.extremes.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view extremes: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `extremes__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `least` DOUBLE,
  `most` DECIMAL(10, 2),
  `first_name` STRING,
  `latest` TIMESTAMP_LTZ(3),
  `rolling_least` INT,
  `rolling_name` STRING,
  `rolling_latest` TIMESTAMP_LTZ(3)
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.extremes',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-extremes'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `extremes__tumbling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `least`, `most`, `first_name`, `latest`
FROM `extremes__tumbling_1m`;

INSERT INTO `extremes__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `rolling_least`, `rolling_name`, `rolling_latest`
FROM `extremes__rolling_1h`;

INSERT INTO `extremes__output`
SELECT 'tumbling_1m' AS `_window`, `user_id`, `event_time`, `as_of`, `least`, `most`, `first_name`, `latest`, CAST(NULL AS INT) AS `rolling_least`, CAST(NULL AS STRING) AS `rolling_name`, CAST(NULL AS TIMESTAMP_LTZ(3)) AS `rolling_latest`
FROM `extremes__tumbling_1m`
UNION ALL
SELECT 'rolling_1h' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `least`, CAST(NULL AS DECIMAL(10, 2)) AS `most`, CAST(NULL AS STRING) AS `first_name`, CAST(NULL AS TIMESTAMP_LTZ(3)) AS `latest`, `rolling_least`, `rolling_name`, `rolling_latest`
FROM `extremes__rolling_1h`;

END;
