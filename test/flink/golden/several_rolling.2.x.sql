-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint fbc17547e62153ee137bd22cbd3228952e02065a4ed7b21cc3e5a9aad30c84d5

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

-- view several_rolling, rolling_1m
CREATE TEMPORARY VIEW `several_rolling__rolling_1m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(*) OVER w AS `n_1m` -- several_rolling.n_1m: count() over rolling 1m
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW
);

-- view several_rolling, rolling_5m
CREATE TEMPORARY VIEW `several_rolling__rolling_5m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(`amount`) OVER w AS `spent_5m`, -- several_rolling.spent_5m: sum(amount) over rolling 5m
  COUNT(*) OVER w AS `n_5m` -- several_rolling.n_5m: count() over rolling 5m
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '5' MINUTE PRECEDING AND CURRENT ROW
);

-- view several_rolling, rolling_3_rows
CREATE TEMPORARY VIEW `several_rolling__rolling_3_rows` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  MAX(`amount`) OVER w AS `newest` -- several_rolling.newest: max(amount) over rolling 3 records
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  ROWS BETWEEN 2 PRECEDING AND CURRENT ROW
);

-- view several_rolling, lifetime
CREATE TEMPORARY VIEW `several_rolling__lifetime` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(*) OVER w AS `ever` -- several_rolling.ever: count() over lifetime
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
);

-- view several_rolling, rolling_1m: the newest row of each user
CREATE TEMPORARY TABLE `several_rolling__rolling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n_1m` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.several_rolling.rolling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view several_rolling, rolling_5m: the newest row of each user
CREATE TEMPORARY TABLE `several_rolling__rolling_5m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `spent_5m` DOUBLE,
  `n_5m` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.several_rolling.rolling_5m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view several_rolling, rolling_3_rows: the newest row of each user
CREATE TEMPORARY TABLE `several_rolling__rolling_3_rows__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `newest` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.several_rolling.rolling_3_rows',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view several_rolling, lifetime: the newest row of each user
CREATE TEMPORARY TABLE `several_rolling__lifetime__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `ever` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.several_rolling.lifetime',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view several_rolling: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `several_rolling__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n_1m` BIGINT,
  `spent_5m` DOUBLE,
  `n_5m` BIGINT,
  `newest` DOUBLE,
  `ever` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.several_rolling',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-several_rolling'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `several_rolling__rolling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `n_1m`
FROM `several_rolling__rolling_1m`;

INSERT INTO `several_rolling__rolling_5m__online`
SELECT `user_id`, `event_time`, `as_of`, `spent_5m`, `n_5m`
FROM `several_rolling__rolling_5m`;

INSERT INTO `several_rolling__rolling_3_rows__online`
SELECT `user_id`, `event_time`, `as_of`, `newest`
FROM `several_rolling__rolling_3_rows`;

INSERT INTO `several_rolling__lifetime__online`
SELECT `user_id`, `event_time`, `as_of`, `ever`
FROM `several_rolling__lifetime`;

INSERT INTO `several_rolling__output`
SELECT 'rolling_1m' AS `_window`, `user_id`, `event_time`, `as_of`, `n_1m`, CAST(NULL AS DOUBLE) AS `spent_5m`, CAST(NULL AS BIGINT) AS `n_5m`, CAST(NULL AS DOUBLE) AS `newest`, CAST(NULL AS BIGINT) AS `ever`
FROM `several_rolling__rolling_1m`
UNION ALL
SELECT 'rolling_5m' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `n_1m`, `spent_5m`, `n_5m`, CAST(NULL AS DOUBLE) AS `newest`, CAST(NULL AS BIGINT) AS `ever`
FROM `several_rolling__rolling_5m`
UNION ALL
SELECT 'rolling_3_rows' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `n_1m`, CAST(NULL AS DOUBLE) AS `spent_5m`, CAST(NULL AS BIGINT) AS `n_5m`, `newest`, CAST(NULL AS BIGINT) AS `ever`
FROM `several_rolling__rolling_3_rows`
UNION ALL
SELECT 'lifetime' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `n_1m`, CAST(NULL AS DOUBLE) AS `spent_5m`, CAST(NULL AS BIGINT) AS `n_5m`, CAST(NULL AS DOUBLE) AS `newest`, `ever`
FROM `several_rolling__lifetime`;

END;
