-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint f0f59f14f45088fbe17934decff4f76fd4b936ed8ea0bfc0773a0d539455753d

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

-- view of_expressions, rolling_1h
CREATE TEMPORARY VIEW `of_expressions__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(`amount` * 2E0) OVER w AS `value`, -- of_expressions.value: sum(amount * 2) over rolling 1h
  MAX(CHAR_LENGTH(`category`)) OVER w AS `longest` -- of_expressions.longest: max(length(category)) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view of_expressions, tumbling_1m
CREATE TEMPORARY VIEW `of_expressions__tumbling_1m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) FILTER (WHERE `qty` + 1 > 3 OR `amount` IS NULL) AS `weekends` -- of_expressions.weekends: count() where qty + 1 > 3 or amount is null over tumbling 1m
FROM TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view of_expressions, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `of_expressions__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `value` DOUBLE,
  `longest` INT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.of_expressions.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view of_expressions, tumbling_1m: the newest row of each user
CREATE TEMPORARY TABLE `of_expressions__tumbling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `weekends` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.of_expressions.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view of_expressions: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `of_expressions__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `value` DOUBLE,
  `longest` INT,
  `weekends` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.of_expressions',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-of_expressions'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `of_expressions__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `value`, `longest`
FROM `of_expressions__rolling_1h`;

INSERT INTO `of_expressions__tumbling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `weekends`
FROM `of_expressions__tumbling_1m`;

INSERT INTO `of_expressions__output`
SELECT 'rolling_1h' AS `_window`, `user_id`, `event_time`, `as_of`, `value`, `longest`, CAST(NULL AS BIGINT) AS `weekends`
FROM `of_expressions__rolling_1h`
UNION ALL
SELECT 'tumbling_1m' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `value`, CAST(NULL AS INT) AS `longest`, `weekends`
FROM `of_expressions__tumbling_1m`;

END;
