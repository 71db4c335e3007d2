-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint e51c6bf9129f073d2ea381f3989ab95d87bfe138958f568020100dfbefc1fa7e

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

-- view times, rolling_1h
CREATE TEMPORARY VIEW `times__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  MAX(CAST(EXTRACT(MINUTE FROM TO_TIMESTAMP_LTZ(`ts`, 3)) AS INT)) OVER w AS `minute`, -- times.minute: max(minuteOfHour(ts)) over rolling 1h
  MAX(CAST(EXTRACT(HOUR FROM TO_TIMESTAMP_LTZ(`ts`, 3)) AS INT)) OVER w AS `hour`, -- times.hour: max(hourOfDay(ts)) over rolling 1h
  MAX(CAST(MOD(DAYOFWEEK(CAST(TO_TIMESTAMP_LTZ(`ts`, 3) AS DATE)) + 5, 7) + 1 AS INT)) OVER w AS `weekday`, -- times.weekday: max(dayOfWeek(ts)) over rolling 1h
  MAX(CAST(EXTRACT(DAY FROM TO_TIMESTAMP_LTZ(`ts`, 3)) AS INT)) OVER w AS `day`, -- times.day: max(dayOfMonth(ts)) over rolling 1h
  MAX(CAST(EXTRACT(MONTH FROM TO_TIMESTAMP_LTZ(`ts`, 3)) AS INT)) OVER w AS `month`, -- times.month: max(monthOfYear(ts)) over rolling 1h
  MAX(CAST(EXTRACT(YEAR FROM TO_TIMESTAMP_LTZ(`ts`, 3)) AS INT)) OVER w AS `year`, -- times.year: max(year(ts)) over rolling 1h
  MAX(CAST(`ts` AS DOUBLE)) OVER w AS `ms`, -- times.ms: max(epochMs(ts)) over rolling 1h
  COUNT(CASE WHEN CAST(EXTRACT(HOUR FROM TO_TIMESTAMP_LTZ(`ts`, 3)) AS INT) < 6 OR CAST(EXTRACT(HOUR FROM TO_TIMESTAMP_LTZ(`ts`, 3)) AS INT) >= 22 THEN 1 END) OVER w AS `at_night` -- times.at_night: count() where hourOfDay(ts) < 6 or hourOfDay(ts) ≥ 22 over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view times, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `times__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `minute` INT,
  `hour` INT,
  `weekday` INT,
  `day` INT,
  `month` INT,
  `year` INT,
  `ms` DOUBLE,
  `at_night` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.times.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view times: every row
CREATE TEMPORARY TABLE `times__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `minute` INT,
  `hour` INT,
  `weekday` INT,
  `day` INT,
  `month` INT,
  `year` INT,
  `ms` DOUBLE,
  `at_night` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.times',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-times'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `times__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `minute`, `hour`, `weekday`, `day`, `month`, `year`, `ms`, `at_night`
FROM `times__rolling_1h`;

INSERT INTO `times__output`
SELECT `user_id`, `event_time`, `as_of`, `minute`, `hour`, `weekday`, `day`, `month`, `year`, `ms`, `at_night`
FROM `times__rolling_1h`;

END;
