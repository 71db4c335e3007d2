-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint a5b179eb4c90dab93dbc017c0900b488b6b479e49bb746f080c5d67798229eef

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

-- view choices, rolling_1h
CREATE TEMPORARY VIEW `choices__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(CASE WHEN `amount` > 50E0 THEN 50E0 ELSE `amount` END) OVER w AS `clipped`, -- choices.clipped: sum(case when amount > 50 then 50 else amount end) over rolling 1h
  SUM(CASE WHEN `event_type` = 'refund' THEN -`amount` ELSE COALESCE(`amount`, 0E0) END) OVER w AS `signed`, -- choices.signed: sum(case when event_type = 'refund' then -amount else coalesce(amount, 0) end) over rolling 1h
  MIN(LEAST(`amount`, CAST(`price` AS DOUBLE))) OVER w AS `smaller`, -- choices.smaller: min(least(amount, toFloat(price))) over rolling 1h
  MAX(GREATEST(`amount`, 10E0)) OVER w AS `greater`, -- choices.greater: max(greatest(amount, 10)) over rolling 1h
  MAX(COALESCE(`category`, 'none')) OVER w AS `filled` -- choices.filled: max(coalesce(category, 'none')) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view choices, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `choices__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `clipped` DOUBLE,
  `signed` DOUBLE,
  `smaller` DOUBLE,
  `greater` DOUBLE,
  `filled` STRING,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.choices.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view choices: every row
CREATE TEMPORARY TABLE `choices__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `clipped` DOUBLE,
  `signed` DOUBLE,
  `smaller` DOUBLE,
  `greater` DOUBLE,
  `filled` STRING
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.choices',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-choices'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `choices__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `clipped`, `signed`, `smaller`, `greater`, `filled`
FROM `choices__rolling_1h`;

INSERT INTO `choices__output`
SELECT `user_id`, `event_time`, `as_of`, `clipped`, `signed`, `smaller`, `greater`, `filled`
FROM `choices__rolling_1h`;

END;
