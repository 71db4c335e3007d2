-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint bda911f1aadf7609d42baa1cebdb8553915e31477e8b2134c5b341dd50ffc200

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

-- view filtered: its records, where event_type = 'purchase' or event_type = 'refund' and amount > 0
CREATE TEMPORARY VIEW `filtered__input` AS
SELECT *
FROM `events__records`
WHERE (`event_type` = 'purchase' OR `event_type` = 'refund') AND `amount` > 0E0;

-- view filtered, rolling_1h
CREATE TEMPORARY VIEW `filtered__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(*) OVER w AS `n` -- filtered.n: count() over rolling 1h
FROM `filtered__input`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view filtered, tumbling_1m
CREATE TEMPORARY VIEW `filtered__tumbling_1m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  SUM(`amount`) AS `spent` -- filtered.spent: sum(amount) over tumbling 1m
FROM TUMBLE(TABLE `filtered__input`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view filtered, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `filtered__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.filtered.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view filtered, tumbling_1m: the newest row of each user
CREATE TEMPORARY TABLE `filtered__tumbling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `spent` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.filtered.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view filtered: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `filtered__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `spent` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.filtered',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-filtered'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `filtered__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `n`
FROM `filtered__rolling_1h`;

INSERT INTO `filtered__tumbling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `spent`
FROM `filtered__tumbling_1m`;

INSERT INTO `filtered__output`
SELECT 'rolling_1h' AS `_window`, `user_id`, `event_time`, `as_of`, `n`, CAST(NULL AS DOUBLE) AS `spent`
FROM `filtered__rolling_1h`
UNION ALL
SELECT 'tumbling_1m' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `n`, `spent`
FROM `filtered__tumbling_1m`;

END;
