-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint ea47fe34eb8721134d4ae4ff6cc53e88693a41433913fd6573e39157e4590e67

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

-- view wide_numbers, rolling_1h
CREATE TEMPORARY VIEW `wide_numbers__rolling_1h` AS
SELECT
  `sensor`,
  TO_TIMESTAMP_LTZ(`at`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`at`, 3) AS `as_of`,
  MAX(`total` + CAST(1 AS BIGINT)) OVER w AS `next`, -- wide_numbers.next: max(total + 1) over rolling 1h
  COUNT(CASE WHEN `total` = 9007199254740993 THEN 1 END) OVER w AS `exact`, -- wide_numbers.exact: count() where total = 9007199254740993 over rolling 1h
  COUNT(CASE WHEN CAST(`value` AS DOUBLE) > 0.5E0 THEN 1 END) OVER w AS `narrow`, -- wide_numbers.narrow: count() where value > 0.5 over rolling 1h
  SUM(CAST(`value` AS DOUBLE) * CAST(`total` AS DOUBLE)) OVER w AS `mixed` -- wide_numbers.mixed: sum(value * total) over rolling 1h
FROM `readings__records`
WINDOW w AS (
  PARTITION BY `sensor` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view wide_numbers, rolling_1h: the newest row of each sensor
CREATE TEMPORARY TABLE `wide_numbers__rolling_1h__online` (
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `next` BIGINT,
  `exact` BIGINT,
  `narrow` BIGINT,
  `mixed` DOUBLE,
  PRIMARY KEY (`sensor`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.wide_numbers.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view wide_numbers: every row
CREATE TEMPORARY TABLE `wide_numbers__output` (
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `next` BIGINT,
  `exact` BIGINT,
  `narrow` BIGINT,
  `mixed` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.wide_numbers',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-wide_numbers'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `wide_numbers__rolling_1h__online`
SELECT `sensor`, `event_time`, `as_of`, `next`, `exact`, `narrow`, `mixed`
FROM `wide_numbers__rolling_1h`;

INSERT INTO `wide_numbers__output`
SELECT `sensor`, `event_time`, `as_of`, `next`, `exact`, `narrow`, `mixed`
FROM `wide_numbers__rolling_1h`;

END;
