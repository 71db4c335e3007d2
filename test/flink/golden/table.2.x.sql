-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint e18397bd33074eba413412c97fe9a2ab545eae06ea9a27e2246225d1c6606636

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

-- stream select
CREATE TEMPORARY TABLE `select` (
  `group` STRING,
  `value` DOUBLE,
  `timestamp` BIGINT,
  `event_time__rowtime` AS TO_TIMESTAMP_LTZ(COALESCE(`timestamp`, 0), 3),
  WATERMARK FOR `event_time__rowtime` AS `event_time__rowtime` - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'corpus.select',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'millrace-corpus',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json',
  'json.ignore-parse-errors' = 'true',
  'scan.watermark.emit.strategy' = 'on-event'
);

-- stream select: records with every required field; instants as epoch ms
CREATE TEMPORARY VIEW `select__records` AS
SELECT
  `group`,
  `value`,
  `timestamp`,
  `event_time__rowtime`
FROM `select`
WHERE `group` IS NOT NULL AND `value` IS NOT NULL AND `timestamp` IS NOT NULL;

-- view table, rolling_1h
CREATE TEMPORARY VIEW `table__rolling_1h` AS
SELECT
  `group`,
  TO_TIMESTAMP_LTZ(`timestamp`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`timestamp`, 3) AS `as_of`,
  COUNT(*) OVER w AS `count`, -- table.count: count() over rolling 1h
  SUM(`value`) OVER w AS `user` -- table.user: sum(value) over rolling 1h
FROM `select__records`
WINDOW w AS (
  PARTITION BY `group` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view table, tumbling_1m
CREATE TEMPORARY VIEW `table__tumbling_1m` AS
SELECT
  `group`,
  TO_TIMESTAMP_LTZ(MAX(`timestamp`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  MAX(`value`) AS `from` -- table.from: max(value) over tumbling 1m
FROM TUMBLE(TABLE `select__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `group`, `window_start`, `window_end`, `window_time`;

-- view table, rolling_1h: the newest row of each order
CREATE TEMPORARY TABLE `table__rolling_1h__online` (
  `group` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `count` BIGINT,
  `user` DOUBLE,
  PRIMARY KEY (`group`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.table.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view table, tumbling_1m: the newest row of each order
CREATE TEMPORARY TABLE `table__tumbling_1m__online` (
  `group` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `from` DOUBLE,
  PRIMARY KEY (`group`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.table.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view table: every row of every window, with the features of that window
CREATE TEMPORARY TABLE `table__output` (
  `_window` STRING,
  `group` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `count` BIGINT,
  `user` DOUBLE,
  `from` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.table',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-table'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `table__rolling_1h__online`
SELECT `group`, `event_time`, `as_of`, `count`, `user`
FROM `table__rolling_1h`;

INSERT INTO `table__tumbling_1m__online`
SELECT `group`, `event_time`, `as_of`, `from`
FROM `table__tumbling_1m`;

INSERT INTO `table__output`
SELECT 'rolling_1h' AS `_window`, `group`, `event_time`, `as_of`, `count`, `user`, CAST(NULL AS DOUBLE) AS `from`
FROM `table__rolling_1h`
UNION ALL
SELECT 'tumbling_1m' AS `_window`, `group`, `event_time`, `as_of`, CAST(NULL AS BIGINT) AS `count`, CAST(NULL AS DOUBLE) AS `user`, `from`
FROM `table__tumbling_1m`;

END;
