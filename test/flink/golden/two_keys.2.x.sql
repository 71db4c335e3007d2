-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 7c070ea18317014aafee8ed6483396f80f2e83530c5c33f4bedcb06dcedfb2ab

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

-- view two_keys: its records
CREATE TEMPORARY VIEW `two_keys__input` AS
SELECT *, LOWER(COALESCE(`category`, 'none')) AS `key__category`, COALESCE(`event_type`, '') AS `key__kind`
FROM `events__records`;

-- view two_keys, tumbling_1m
CREATE TEMPORARY VIEW `two_keys__tumbling_1m` AS
SELECT
  `key__category` AS `category`,
  `key__kind` AS `kind`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) AS `n` -- two_keys.n: count() over tumbling 1m
FROM TUMBLE(TABLE `two_keys__input`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `key__category`, `key__kind`, `window_start`, `window_end`, `window_time`;

-- view two_keys, rolling_1m
CREATE TEMPORARY VIEW `two_keys__rolling_1m` AS
SELECT
  `key__category` AS `category`,
  `key__kind` AS `kind`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(DISTINCT `user_id`) OVER w AS `users` -- two_keys.users: countDistinct(user_id) over rolling 1m
FROM `two_keys__input`
WINDOW w AS (
  PARTITION BY `key__category`, `key__kind` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW
);

-- view two_keys, session_10s
CREATE TEMPORARY VIEW `two_keys__session_10s` AS
SELECT
  `key__category` AS `category`,
  `key__kind` AS `kind`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) AS `of_session` -- two_keys.of_session: count() over session 10s
FROM SESSION(TABLE `two_keys__input` PARTITION BY `key__category`, `key__kind`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '10' SECOND)
GROUP BY `key__category`, `key__kind`, `window_start`, `window_end`, `window_time`;

-- view two_keys, tumbling_1m: the newest row of each category
CREATE TEMPORARY TABLE `two_keys__tumbling_1m__online` (
  `category` STRING,
  `kind` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  PRIMARY KEY (`category`, `kind`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.two_keys.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view two_keys, rolling_1m: the newest row of each category
CREATE TEMPORARY TABLE `two_keys__rolling_1m__online` (
  `category` STRING,
  `kind` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `users` BIGINT,
  PRIMARY KEY (`category`, `kind`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.two_keys.rolling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view two_keys, session_10s: the newest row of each category
CREATE TEMPORARY TABLE `two_keys__session_10s__online` (
  `category` STRING,
  `kind` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `of_session` BIGINT,
  PRIMARY KEY (`category`, `kind`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.two_keys.session_10s',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view two_keys: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `two_keys__output` (
  `_window` STRING,
  `category` STRING,
  `kind` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `users` BIGINT,
  `of_session` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.two_keys',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-two_keys'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `two_keys__tumbling_1m__online`
SELECT `category`, `kind`, `event_time`, `as_of`, `n`
FROM `two_keys__tumbling_1m`;

INSERT INTO `two_keys__rolling_1m__online`
SELECT `category`, `kind`, `event_time`, `as_of`, `users`
FROM `two_keys__rolling_1m`;

INSERT INTO `two_keys__session_10s__online`
SELECT `category`, `kind`, `event_time`, `as_of`, `of_session`
FROM `two_keys__session_10s`;

INSERT INTO `two_keys__output`
SELECT 'tumbling_1m' AS `_window`, `category`, `kind`, `event_time`, `as_of`, `n`, CAST(NULL AS BIGINT) AS `users`, CAST(NULL AS BIGINT) AS `of_session`
FROM `two_keys__tumbling_1m`
UNION ALL
SELECT 'rolling_1m' AS `_window`, `category`, `kind`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `n`, `users`, CAST(NULL AS BIGINT) AS `of_session`
FROM `two_keys__rolling_1m`
UNION ALL
SELECT 'session_10s' AS `_window`, `category`, `kind`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `n`, CAST(NULL AS BIGINT) AS `users`, `of_session`
FROM `two_keys__session_10s`;

END;
