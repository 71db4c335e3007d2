-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 41fc21fd3975bf104fa4b3df254ff81211c1c7d75db0e1ac09317aa4e293ea3d

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

-- view derived_instants, rolling_1h
CREATE TEMPORARY VIEW `derived_instants__rolling_1h` AS
SELECT
  `user_id`,
  `event_time`,
  `as_of`,
  TO_TIMESTAMP_LTZ(`since`, 3) AS `since`,
  TO_TIMESTAMP_LTZ(`until`, 3) AS `until`,
  CAST(`until` AS DOUBLE) - CAST(`since` AS DOUBLE) AS `length_ms` -- derived_instants.length_ms = epochMs(until) - epochMs(since)
FROM (
  SELECT
    `user_id`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
    MIN(`ts`) OVER w AS `since`, -- derived_instants.since: min(ts) over rolling 1h
    MAX(`ts`) OVER w AS `until` -- derived_instants.until: max(ts) over rolling 1h
  FROM `events__records`
  WINDOW w AS (
    PARTITION BY `user_id` ORDER BY `event_time__rowtime`
    RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
  )
);

-- view derived_instants, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `derived_instants__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `since` TIMESTAMP_LTZ(3),
  `until` TIMESTAMP_LTZ(3),
  `length_ms` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.derived_instants.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view derived_instants: every row
CREATE TEMPORARY TABLE `derived_instants__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `since` TIMESTAMP_LTZ(3),
  `until` TIMESTAMP_LTZ(3),
  `length_ms` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.derived_instants',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-derived_instants'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `derived_instants__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `since`, `until`, `length_ms`
FROM `derived_instants__rolling_1h`;

INSERT INTO `derived_instants__output`
SELECT `user_id`, `event_time`, `as_of`, `since`, `until`, `length_ms`
FROM `derived_instants__rolling_1h`;

END;
