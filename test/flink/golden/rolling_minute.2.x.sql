-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 235d8ef922f1456c75da81fcd81da4f9f79aa5278d08d06a532a522f5ad76552

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

-- view rolling_minute, rolling_1m
CREATE TEMPORARY VIEW `rolling_minute__rolling_1m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(*) OVER w AS `n`, -- rolling_minute.n: count() over rolling 1m
  SUM(`amount`) OVER w AS `spent`, -- rolling_minute.spent: sum(amount) over rolling 1m
  SUM(CASE WHEN `event_type` = 'purchase' THEN `amount` END) OVER w AS `bought` -- rolling_minute.bought: sum(amount) where event_type = 'purchase' over rolling 1m
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW
);

-- view rolling_minute, rolling_1m: the newest row of each user
CREATE TEMPORARY TABLE `rolling_minute__rolling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `spent` DOUBLE,
  `bought` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.rolling_minute.rolling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view rolling_minute: every row
CREATE TEMPORARY TABLE `rolling_minute__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `spent` DOUBLE,
  `bought` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.rolling_minute',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-rolling_minute'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `rolling_minute__rolling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `n`, `spent`, `bought`
FROM `rolling_minute__rolling_1m`;

INSERT INTO `rolling_minute__output`
SELECT `user_id`, `event_time`, `as_of`, `n`, `spent`, `bought`
FROM `rolling_minute__rolling_1m`;

END;
