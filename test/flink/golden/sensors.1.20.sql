-- Flink SQL (1.20), made from definitions: change those, not this.
-- fingerprint b86ed21670e582734cc1c7596f492fc82f5e321d164c226c4d2cddb03a7acb19

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

-- view sensors, rolling_1h: A stream with every option of time
CREATE TEMPORARY VIEW `sensors__rolling_1h` AS
SELECT
  `sensor`,
  TO_TIMESTAMP_LTZ(`at`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`at`, 3) AS `as_of`,
  COUNT(*) OVER w AS `n`, -- sensors.n: count() over rolling 1h
  CAST(SUM(CAST(`total` AS DECIMAL(38, 0))) OVER w AS BIGINT) AS `total`, -- sensors.total: sum(total) over rolling 1h
  AVG(CAST(`value` AS DOUBLE)) OVER w AS `mean` -- sensors.mean: avg(value) over rolling 1h
FROM `readings__records`
WINDOW w AS (
  PARTITION BY `sensor` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view sensors, tumbling_1d: A stream with every option of time
CREATE TEMPORARY VIEW `sensors__tumbling_1d` AS
SELECT
  `sensor`,
  TO_TIMESTAMP_LTZ(MAX(`at`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  MAX(`value`) AS `highest` -- sensors.highest: max(value) over tumbling 1d
FROM TABLE(TUMBLE(TABLE `readings__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' DAY))
GROUP BY `sensor`, `window_start`, `window_end`, `window_time`;

-- view sensors, rolling_1h: the newest row of each sensor
CREATE TEMPORARY TABLE `sensors__rolling_1h__online` (
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `total` BIGINT,
  `mean` DOUBLE,
  PRIMARY KEY (`sensor`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.sensors.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view sensors, tumbling_1d: the newest row of each sensor
CREATE TEMPORARY TABLE `sensors__tumbling_1d__online` (
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `highest` FLOAT,
  PRIMARY KEY (`sensor`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.sensors.tumbling_1d',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view sensors: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `sensors__output` (
  `_window` STRING,
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `total` BIGINT,
  `mean` DOUBLE,
  `highest` FLOAT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.sensors',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-sensors'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `sensors__rolling_1h__online`
SELECT `sensor`, `event_time`, `as_of`, `n`, `total`, `mean`
FROM `sensors__rolling_1h`;

INSERT INTO `sensors__tumbling_1d__online`
SELECT `sensor`, `event_time`, `as_of`, `highest`
FROM `sensors__tumbling_1d`;

INSERT INTO `sensors__output`
SELECT 'rolling_1h' AS `_window`, `sensor`, `event_time`, `as_of`, `n`, `total`, `mean`, CAST(NULL AS FLOAT) AS `highest`
FROM `sensors__rolling_1h`
UNION ALL
SELECT 'tumbling_1d' AS `_window`, `sensor`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `n`, CAST(NULL AS BIGINT) AS `total`, CAST(NULL AS DOUBLE) AS `mean`, `highest`
FROM `sensors__tumbling_1d`;

END;
