-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 90189597292da8b2021525f1f7673c61db632c173a34f122d2d1c86cbeeb00ef

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

-- view means, tumbling_1m
CREATE TEMPORARY VIEW `means__tumbling_1m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  AVG(CAST(`qty` AS DOUBLE)) AS `of_ints`, -- means.of_ints: avg(qty) over tumbling 1m
  AVG(`amount`) AS `of_floats`, -- means.of_floats: avg(amount) over tumbling 1m
  AVG(CAST(`price` AS DOUBLE)) AS `of_decimals` -- means.of_decimals: avg(price) over tumbling 1m
FROM TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view means, rolling_1h
CREATE TEMPORARY VIEW `means__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  AVG(CAST(`qty` AS DOUBLE)) OVER w AS `rolling_ints`, -- means.rolling_ints: avg(qty) over rolling 1h
  AVG(CAST(`price` AS DOUBLE)) OVER w AS `rolling_decimals` -- means.rolling_decimals: avg(price) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view means, tumbling_1m: the newest row of each user
CREATE TEMPORARY TABLE `means__tumbling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `of_ints` DOUBLE,
  `of_floats` DOUBLE,
  `of_decimals` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.means.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view means, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `means__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `rolling_ints` DOUBLE,
  `rolling_decimals` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.means.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view means: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `means__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `of_ints` DOUBLE,
  `of_floats` DOUBLE,
  `of_decimals` DOUBLE,
  `rolling_ints` DOUBLE,
  `rolling_decimals` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.means',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-means'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `means__tumbling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `of_ints`, `of_floats`, `of_decimals`
FROM `means__tumbling_1m`;

INSERT INTO `means__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `rolling_ints`, `rolling_decimals`
FROM `means__rolling_1h`;

INSERT INTO `means__output`
SELECT 'tumbling_1m' AS `_window`, `user_id`, `event_time`, `as_of`, `of_ints`, `of_floats`, `of_decimals`, CAST(NULL AS DOUBLE) AS `rolling_ints`, CAST(NULL AS DOUBLE) AS `rolling_decimals`
FROM `means__tumbling_1m`
UNION ALL
SELECT 'rolling_1h' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `of_ints`, CAST(NULL AS DOUBLE) AS `of_floats`, CAST(NULL AS DOUBLE) AS `of_decimals`, `rolling_ints`, `rolling_decimals`
FROM `means__rolling_1h`;

END;
