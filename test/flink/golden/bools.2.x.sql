-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint ee85c2afb82ce458651324e8319ee929003b18a9ee55bd03639857440e5d8b23

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

-- view bools, rolling_1h
CREATE TEMPORARY VIEW `bools__rolling_1h` AS
SELECT
  `sensor`,
  TO_TIMESTAMP_LTZ(`at`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`at`, 3) AS `as_of`,
  COUNT(CASE WHEN `is_on` = TRUE THEN 1 END) OVER w AS `on`, -- bools.on: count() where is_on = true over rolling 1h
  COUNT(CASE WHEN NOT `is_on` THEN 1 END) OVER w AS `off`, -- bools.off: count() where not is_on over rolling 1h
  COUNT(CASE WHEN `day` >= DATE '2023-11-14' THEN 1 END) OVER w AS `dated`, -- bools.dated: count() where day ≥ '2023-11-14' over rolling 1h
  COUNT(CASE WHEN `seen` > `at` THEN 1 END) OVER w AS `seen`, -- bools.seen: count() where seen > at over rolling 1h
  MAX(`unit`) OVER w AS `unit` -- bools.unit: max(unit) over rolling 1h
FROM `readings__records`
WINDOW w AS (
  PARTITION BY `sensor` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view bools, rolling_1h: the newest row of each sensor
CREATE TEMPORARY TABLE `bools__rolling_1h__online` (
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `on` BIGINT,
  `off` BIGINT,
  `dated` BIGINT,
  `seen` BIGINT,
  `unit` STRING,
  PRIMARY KEY (`sensor`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.bools.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view bools: every row
CREATE TEMPORARY TABLE `bools__output` (
  `sensor` BIGINT,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `on` BIGINT,
  `off` BIGINT,
  `dated` BIGINT,
  `seen` BIGINT,
  `unit` STRING
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.bools',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-bools'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `bools__rolling_1h__online`
SELECT `sensor`, `event_time`, `as_of`, `on`, `off`, `dated`, `seen`, `unit`
FROM `bools__rolling_1h`;

INSERT INTO `bools__output`
SELECT `sensor`, `event_time`, `as_of`, `on`, `off`, `dated`, `seen`, `unit`
FROM `bools__rolling_1h`;

END;
