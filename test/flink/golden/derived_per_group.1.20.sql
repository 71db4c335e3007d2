-- Flink SQL (1.20), made from definitions: change those, not this.
-- fingerprint 477a131e38f0f9446b6e90fe5671cbec6d98aef7dee4ff7a0c555dbbb9b19cc1

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

-- view derived_per_group, rolling_1h
CREATE TEMPORARY VIEW `derived_per_group__rolling_1h` AS
SELECT
  `user_id`,
  `event_time`,
  `as_of`,
  `n_hour`,
  `spent_hour`,
  `spent_hour` / CAST(`n_hour` AS DOUBLE) AS `mean_hour` -- derived_per_group.mean_hour = spent_hour / n_hour
FROM (
  SELECT
    `user_id`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
    COUNT(*) OVER w AS `n_hour`, -- derived_per_group.n_hour: count() over rolling 1h
    SUM(`amount`) OVER w AS `spent_hour` -- derived_per_group.spent_hour: sum(amount) over rolling 1h
  FROM `events__records`
  WINDOW w AS (
    PARTITION BY `user_id` ORDER BY `event_time__rowtime`
    RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
  )
);

-- view derived_per_group, tumbling_1m
CREATE TEMPORARY VIEW `derived_per_group__tumbling_1m` AS
SELECT
  `user_id`,
  `event_time`,
  `as_of`,
  `n_minute`,
  `spent_minute`,
  `spent_minute` / CAST(`n_minute` AS DOUBLE) AS `mean_minute` -- derived_per_group.mean_minute = spent_minute / n_minute
FROM (
  SELECT
    `user_id`,
    TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
    CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
    COUNT(*) AS `n_minute`, -- derived_per_group.n_minute: count() over tumbling 1m
    SUM(`amount`) AS `spent_minute` -- derived_per_group.spent_minute: sum(amount) over tumbling 1m
  FROM TABLE(TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE))
  GROUP BY `user_id`, `window_start`, `window_end`, `window_time`
);

-- view derived_per_group, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `derived_per_group__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n_hour` BIGINT,
  `spent_hour` DOUBLE,
  `mean_hour` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.derived_per_group.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view derived_per_group, tumbling_1m: the newest row of each user
CREATE TEMPORARY TABLE `derived_per_group__tumbling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n_minute` BIGINT,
  `spent_minute` DOUBLE,
  `mean_minute` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.derived_per_group.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view derived_per_group: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `derived_per_group__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n_hour` BIGINT,
  `spent_hour` DOUBLE,
  `mean_hour` DOUBLE,
  `n_minute` BIGINT,
  `spent_minute` DOUBLE,
  `mean_minute` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.derived_per_group',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-derived_per_group'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `derived_per_group__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `n_hour`, `spent_hour`, `mean_hour`
FROM `derived_per_group__rolling_1h`;

INSERT INTO `derived_per_group__tumbling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `n_minute`, `spent_minute`, `mean_minute`
FROM `derived_per_group__tumbling_1m`;

INSERT INTO `derived_per_group__output`
SELECT 'rolling_1h' AS `_window`, `user_id`, `event_time`, `as_of`, `n_hour`, `spent_hour`, `mean_hour`, CAST(NULL AS BIGINT) AS `n_minute`, CAST(NULL AS DOUBLE) AS `spent_minute`, CAST(NULL AS DOUBLE) AS `mean_minute`
FROM `derived_per_group__rolling_1h`
UNION ALL
SELECT 'tumbling_1m' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `n_hour`, CAST(NULL AS DOUBLE) AS `spent_hour`, CAST(NULL AS DOUBLE) AS `mean_hour`, `n_minute`, `spent_minute`, `mean_minute`
FROM `derived_per_group__tumbling_1m`;

END;
