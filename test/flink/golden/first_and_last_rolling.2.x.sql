-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 84f77849e0b49c3968a07a42702f852f7fcfd2dac08a2700d01a269af55d2e84

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

-- view first_and_last_rolling, rolling_1h
CREATE TEMPORARY VIEW `first_and_last_rolling__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  FIRST_VALUE(`amount`) OVER w AS `first_amount`, -- first_and_last_rolling.first_amount: first(amount) over rolling 1h
  LAST_VALUE(`price`) OVER w AS `last_price` -- first_and_last_rolling.last_price: last(price) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view first_and_last_rolling, rolling_5_rows
CREATE TEMPORARY VIEW `first_and_last_rolling__rolling_5_rows` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  FIRST_VALUE(`qty`) OVER w AS `oldest_of_five` -- first_and_last_rolling.oldest_of_five: first(qty) over rolling 5 records
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  ROWS BETWEEN 4 PRECEDING AND CURRENT ROW
);

-- view first_and_last_rolling, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `first_and_last_rolling__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `first_amount` DOUBLE,
  `last_price` DECIMAL(10, 2),
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.first_and_last_rolling.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view first_and_last_rolling, rolling_5_rows: the newest row of each user
CREATE TEMPORARY TABLE `first_and_last_rolling__rolling_5_rows__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `oldest_of_five` INT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.first_and_last_rolling.rolling_5_rows',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view first_and_last_rolling: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `first_and_last_rolling__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `first_amount` DOUBLE,
  `last_price` DECIMAL(10, 2),
  `oldest_of_five` INT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.first_and_last_rolling',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-first_and_last_rolling'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `first_and_last_rolling__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `first_amount`, `last_price`
FROM `first_and_last_rolling__rolling_1h`;

INSERT INTO `first_and_last_rolling__rolling_5_rows__online`
SELECT `user_id`, `event_time`, `as_of`, `oldest_of_five`
FROM `first_and_last_rolling__rolling_5_rows`;

INSERT INTO `first_and_last_rolling__output`
SELECT 'rolling_1h' AS `_window`, `user_id`, `event_time`, `as_of`, `first_amount`, `last_price`, CAST(NULL AS INT) AS `oldest_of_five`
FROM `first_and_last_rolling__rolling_1h`
UNION ALL
SELECT 'rolling_5_rows' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `first_amount`, CAST(NULL AS DECIMAL(10, 2)) AS `last_price`, `oldest_of_five`
FROM `first_and_last_rolling__rolling_5_rows`;

END;
