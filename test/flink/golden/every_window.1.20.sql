-- Flink SQL (1.20), made from definitions: change those, not this.
-- fingerprint af52a45dd53c05abda7501141d35331d88b03c6dbccac06c2959b1a424eca663

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

-- view every_window, rolling_1h
CREATE TEMPORARY VIEW `every_window__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(`amount`) OVER w AS `rolling` -- every_window.rolling: sum(amount) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view every_window, rolling_20_rows
CREATE TEMPORARY VIEW `every_window__rolling_20_rows` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(`amount`) OVER w AS `rows` -- every_window.rows: sum(amount) over rolling 20 records
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  ROWS BETWEEN 19 PRECEDING AND CURRENT ROW
);

-- view every_window, lifetime
CREATE TEMPORARY VIEW `every_window__lifetime` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(`amount`) OVER w AS `ever` -- every_window.ever: sum(amount) over lifetime
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
);

-- view every_window, tumbling_5m
CREATE TEMPORARY VIEW `every_window__tumbling_5m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  SUM(`amount`) AS `tumbling` -- every_window.tumbling: sum(amount) over tumbling 5m
FROM TABLE(TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '5' MINUTE))
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view every_window, hopping_1h_10m
CREATE TEMPORARY VIEW `every_window__hopping_1h_10m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  SUM(`amount`) AS `hopping` -- every_window.hopping: sum(amount) over hopping 1h every 10m
FROM TABLE(HOP(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '10' MINUTE, INTERVAL '1' HOUR))
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view every_window, cumulate_1h_10m
CREATE TEMPORARY VIEW `every_window__cumulate_1h_10m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  SUM(`amount`) AS `cumulated` -- every_window.cumulated: sum(amount) over cumulate 1h by 10m
FROM TABLE(CUMULATE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '10' MINUTE, INTERVAL '1' HOUR))
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view every_window, session_30m
CREATE TEMPORARY VIEW `every_window__session_30m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  SUM(`amount`) AS `session` -- every_window.session: sum(amount) over session 30m
FROM TABLE(SESSION(TABLE `events__records` PARTITION BY `user_id`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '30' MINUTE))
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view every_window, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `every_window__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `rolling` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.every_window.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view every_window, rolling_20_rows: the newest row of each user
CREATE TEMPORARY TABLE `every_window__rolling_20_rows__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `rows` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.every_window.rolling_20_rows',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view every_window, lifetime: the newest row of each user
CREATE TEMPORARY TABLE `every_window__lifetime__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `ever` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.every_window.lifetime',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view every_window, tumbling_5m: the newest row of each user
CREATE TEMPORARY TABLE `every_window__tumbling_5m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `tumbling` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.every_window.tumbling_5m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view every_window, hopping_1h_10m: the newest row of each user
CREATE TEMPORARY TABLE `every_window__hopping_1h_10m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `hopping` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.every_window.hopping_1h_10m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view every_window, cumulate_1h_10m: the newest row of each user
CREATE TEMPORARY TABLE `every_window__cumulate_1h_10m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `cumulated` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.every_window.cumulate_1h_10m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view every_window, session_30m: the newest row of each user
CREATE TEMPORARY TABLE `every_window__session_30m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `session` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.every_window.session_30m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view every_window: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `every_window__output` (
  `_window` STRING,
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `rolling` DOUBLE,
  `rows` DOUBLE,
  `ever` DOUBLE,
  `tumbling` DOUBLE,
  `hopping` DOUBLE,
  `cumulated` DOUBLE,
  `session` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.every_window',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-every_window'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `every_window__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `rolling`
FROM `every_window__rolling_1h`;

INSERT INTO `every_window__rolling_20_rows__online`
SELECT `user_id`, `event_time`, `as_of`, `rows`
FROM `every_window__rolling_20_rows`;

INSERT INTO `every_window__lifetime__online`
SELECT `user_id`, `event_time`, `as_of`, `ever`
FROM `every_window__lifetime`;

INSERT INTO `every_window__tumbling_5m__online`
SELECT `user_id`, `event_time`, `as_of`, `tumbling`
FROM `every_window__tumbling_5m`;

INSERT INTO `every_window__hopping_1h_10m__online`
SELECT `user_id`, `event_time`, `as_of`, `hopping`
FROM `every_window__hopping_1h_10m`;

INSERT INTO `every_window__cumulate_1h_10m__online`
SELECT `user_id`, `event_time`, `as_of`, `cumulated`
FROM `every_window__cumulate_1h_10m`;

INSERT INTO `every_window__session_30m__online`
SELECT `user_id`, `event_time`, `as_of`, `session`
FROM `every_window__session_30m`;

INSERT INTO `every_window__output`
SELECT 'rolling_1h' AS `_window`, `user_id`, `event_time`, `as_of`, `rolling`, CAST(NULL AS DOUBLE) AS `rows`, CAST(NULL AS DOUBLE) AS `ever`, CAST(NULL AS DOUBLE) AS `tumbling`, CAST(NULL AS DOUBLE) AS `hopping`, CAST(NULL AS DOUBLE) AS `cumulated`, CAST(NULL AS DOUBLE) AS `session`
FROM `every_window__rolling_1h`
UNION ALL
SELECT 'rolling_20_rows' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `rolling`, `rows`, CAST(NULL AS DOUBLE) AS `ever`, CAST(NULL AS DOUBLE) AS `tumbling`, CAST(NULL AS DOUBLE) AS `hopping`, CAST(NULL AS DOUBLE) AS `cumulated`, CAST(NULL AS DOUBLE) AS `session`
FROM `every_window__rolling_20_rows`
UNION ALL
SELECT 'lifetime' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `rolling`, CAST(NULL AS DOUBLE) AS `rows`, `ever`, CAST(NULL AS DOUBLE) AS `tumbling`, CAST(NULL AS DOUBLE) AS `hopping`, CAST(NULL AS DOUBLE) AS `cumulated`, CAST(NULL AS DOUBLE) AS `session`
FROM `every_window__lifetime`
UNION ALL
SELECT 'tumbling_5m' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `rolling`, CAST(NULL AS DOUBLE) AS `rows`, CAST(NULL AS DOUBLE) AS `ever`, `tumbling`, CAST(NULL AS DOUBLE) AS `hopping`, CAST(NULL AS DOUBLE) AS `cumulated`, CAST(NULL AS DOUBLE) AS `session`
FROM `every_window__tumbling_5m`
UNION ALL
SELECT 'hopping_1h_10m' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `rolling`, CAST(NULL AS DOUBLE) AS `rows`, CAST(NULL AS DOUBLE) AS `ever`, CAST(NULL AS DOUBLE) AS `tumbling`, `hopping`, CAST(NULL AS DOUBLE) AS `cumulated`, CAST(NULL AS DOUBLE) AS `session`
FROM `every_window__hopping_1h_10m`
UNION ALL
SELECT 'cumulate_1h_10m' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `rolling`, CAST(NULL AS DOUBLE) AS `rows`, CAST(NULL AS DOUBLE) AS `ever`, CAST(NULL AS DOUBLE) AS `tumbling`, CAST(NULL AS DOUBLE) AS `hopping`, `cumulated`, CAST(NULL AS DOUBLE) AS `session`
FROM `every_window__cumulate_1h_10m`
UNION ALL
SELECT 'session_30m' AS `_window`, `user_id`, `event_time`, `as_of`, CAST(NULL AS DOUBLE) AS `rolling`, CAST(NULL AS DOUBLE) AS `rows`, CAST(NULL AS DOUBLE) AS `ever`, CAST(NULL AS DOUBLE) AS `tumbling`, CAST(NULL AS DOUBLE) AS `hopping`, CAST(NULL AS DOUBLE) AS `cumulated`, `session`
FROM `every_window__session_30m`;

END;
