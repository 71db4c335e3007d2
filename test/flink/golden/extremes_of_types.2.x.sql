-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint c95ad28bd3966fe22d6f0fe93a3978d216fc47e033095ffb9abfd7d01ecd1d47

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

-- stream readings: What sensors say
CREATE TEMPORARY TABLE `readings` (
  `sensor` BIGINT,
  `value` FLOAT,
  `total` BIGINT,
  `is_on` BOOLEAN,
  `day` DATE,
  `seen` BIGINT,
  `unit` STRING,
  `scores` ARRAY<DOUBLE>,
  `labels` MAP<STRING, STRING>,
  `place` ROW<`lat` DOUBLE, `lon` DOUBLE>,
  `at` BIGINT,
  `event_time__rowtime` AS TO_TIMESTAMP_LTZ(COALESCE(`at`, 0), 3),
  WATERMARK FOR `event_time__rowtime` AS `event_time__rowtime` - INTERVAL '90' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'corpus.readings',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'millrace-corpus',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true',
  'scan.watermark.emit.strategy' = 'on-event',
  'scan.watermark.idle-timeout' = '120000 ms',
  'scan.watermark.alignment.group' = 'readings',
  'scan.watermark.alignment.max-drift' = '600000 ms'
);

-- stream readings: records with every required field; instants as epoch ms
CREATE TEMPORARY VIEW `readings__records` AS
SELECT
  `sensor`,
  `value`,
  `total`,
  `is_on`,
  `day`,
  `seen`,
  COALESCE(`unit`, 'none') AS `unit`,
  `scores`,
  `labels`,
  `place`,
  `at`,
  `event_time__rowtime`
FROM `readings`
WHERE `sensor` IS NOT NULL AND `value` IS NOT NULL AND `total` IS NOT NULL AND `at` IS NOT NULL;

-- view extremes_of_types, tumbling_1m
CREATE TEMPORARY VIEW `extremes_of_types__tumbling_1m` AS
SELECT
  `sensor`,
  TO_TIMESTAMP_LTZ(MAX(`at`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  MAX(`day`) AS `day`, -- extremes_of_types.day: max(day) over tumbling 1m
  MAX(`total`) AS `total` -- extremes_of_types.total: max(total) over tumbling 1m
FROM TUMBLE(TABLE `readings__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `sensor`, `window_start`, `window_end`, `window_time`;

-- view extremes_of_types, rolling_1h
CREATE TEMPORARY VIEW `extremes_of_types__rolling_1h` AS
SELECT
  `sensor`,
  `event_time`,
  `as_of`,
  `rolling_day`,
  TO_TIMESTAMP_LTZ(`seen`, 3) AS `seen`
FROM (
  SELECT
    `sensor`,
    TO_TIMESTAMP_LTZ(`at`, 3) AS `event_time`,
    TO_TIMESTAMP_LTZ(`at`, 3) AS `as_of`,
    MIN(`day`) OVER w AS `rolling_day`, -- extremes_of_types.rolling_day: min(day) over rolling 1h
    MAX(`seen`) OVER w AS `seen` -- extremes_of_types.seen: max(seen) over rolling 1h
  FROM `readings__records`
  WINDOW w AS (
    PARTITION BY `sensor` ORDER BY `event_time__rowtime`
    RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
  )
);

-- view extremes_of_types, tumbling_1m: the newest row of each sensor
CREATE TEMPORARY TABLE `extremes_of_types__tumbling_1m__online` (
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `day` DATE,
  `total` BIGINT,
  PRIMARY KEY (`sensor`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.extremes_of_types.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view extremes_of_types, rolling_1h: the newest row of each sensor
CREATE TEMPORARY TABLE `extremes_of_types__rolling_1h__online` (
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `rolling_day` DATE,
  `seen` TIMESTAMP_LTZ(3),
  PRIMARY KEY (`sensor`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.extremes_of_types.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view extremes_of_types: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `extremes_of_types__output` (
  `_window` STRING,
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `day` DATE,
  `total` BIGINT,
  `rolling_day` DATE,
  `seen` TIMESTAMP_LTZ(3)
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.extremes_of_types',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-extremes_of_types'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `extremes_of_types__tumbling_1m__online`
SELECT `sensor`, `event_time`, `as_of`, `day`, `total`
FROM `extremes_of_types__tumbling_1m`;

INSERT INTO `extremes_of_types__rolling_1h__online`
SELECT `sensor`, `event_time`, `as_of`, `rolling_day`, `seen`
FROM `extremes_of_types__rolling_1h`;

INSERT INTO `extremes_of_types__output`
SELECT 'tumbling_1m' AS `_window`, `sensor`, `event_time`, `as_of`, `day`, `total`, CAST(NULL AS DATE) AS `rolling_day`, CAST(NULL AS TIMESTAMP_LTZ(3)) AS `seen`
FROM `extremes_of_types__tumbling_1m`
UNION ALL
SELECT 'rolling_1h' AS `_window`, `sensor`, `event_time`, `as_of`, CAST(NULL AS DATE) AS `day`, CAST(NULL AS BIGINT) AS `total`, `rolling_day`, `seen`
FROM `extremes_of_types__rolling_1h`;

END;
