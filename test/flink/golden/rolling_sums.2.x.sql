-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 75acde5be988bebbc2afaea3add7a26312077a244d5d9d8fe7ed83d4bb41dc3b

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

-- view rolling_sums, rolling_1h
CREATE TEMPORARY VIEW `rolling_sums__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(CAST(`qty` AS BIGINT)) OVER w AS `ints`, -- rolling_sums.ints: sum(qty) over rolling 1h
  SUM(`amount`) OVER w AS `floats`, -- rolling_sums.floats: sum(amount) over rolling 1h
  SUM(`price`) OVER w AS `decimals`, -- rolling_sums.decimals: sum(price) over rolling 1h
  SUM(DISTINCT CAST(`qty` AS BIGINT)) OVER w AS `different`, -- rolling_sums.different: sum(distinct qty) over rolling 1h
  SUM(CASE WHEN `amount` > 0E0 THEN `amount` END) OVER w AS `positive` -- rolling_sums.positive: sum(amount) where amount > 0 over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view rolling_sums, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `rolling_sums__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `ints` BIGINT,
  `floats` DOUBLE,
  `decimals` DECIMAL(38, 2),
  `different` BIGINT,
  `positive` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.rolling_sums.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view rolling_sums: every row
CREATE TEMPORARY TABLE `rolling_sums__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `ints` BIGINT,
  `floats` DOUBLE,
  `decimals` DECIMAL(38, 2),
  `different` BIGINT,
  `positive` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.rolling_sums',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-rolling_sums'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `rolling_sums__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `ints`, `floats`, `decimals`, `different`, `positive`
FROM `rolling_sums__rolling_1h`;

INSERT INTO `rolling_sums__output`
SELECT `user_id`, `event_time`, `as_of`, `ints`, `floats`, `decimals`, `different`, `positive`
FROM `rolling_sums__rolling_1h`;

END;
