-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint bd2f6d176e035f03be88153a8d18236aa8aa5393ab2e257f40321d5aeff3c9ab

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

-- view shared_scan: its records, where event_type = 'purchase'
CREATE TEMPORARY VIEW `shared_scan__input` AS
SELECT *
FROM `events__records`
WHERE `event_type` = 'purchase';

-- view shared_scan, rolling_1h
CREATE TEMPORARY VIEW `shared_scan__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(`amount`) OVER w AS `spent` -- shared_scan.spent: sum(amount) over rolling 1h
FROM `shared_scan__input`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view shared_scan, tumbling_1m
CREATE TEMPORARY VIEW `shared_scan__tumbling_1m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  SUM(`amount`) AS `spent_minute` -- shared_scan.spent_minute: sum(amount) over tumbling 1m
FROM TUMBLE(TABLE `shared_scan__input`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view shared_scan, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `shared_scan__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `spent` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.shared_scan.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view shared_scan, tumbling_1m: the newest row of each user
CREATE TEMPORARY TABLE `shared_scan__tumbling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `spent_minute` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.shared_scan.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view shared_scan: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `shared_scan__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `spent` DOUBLE,
  `spent_minute` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.shared_scan',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-shared_scan'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `shared_scan__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `spent`
FROM `shared_scan__rolling_1h`;

INSERT INTO `shared_scan__tumbling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `spent_minute`
FROM `shared_scan__tumbling_1m`;

INSERT INTO `shared_scan__output`
SELECT 'rolling_1h' AS `_window`, `user_id`, `event_time`, `as_of`, `spent`, CAST(NULL AS DOUBLE) AS `spent_minute`
FROM `shared_scan__rolling_1h`
UNION ALL
SELECT 'tumbling_1m' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `spent`, `spent_minute`
FROM `shared_scan__tumbling_1m`;

END;
