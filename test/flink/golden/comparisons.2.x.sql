-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 3ad12348119fe64abf8dcc548d76822d11c765580b9d6b014fb3d705c94e2500

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

-- view comparisons, rolling_1h
CREATE TEMPORARY VIEW `comparisons__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(CASE WHEN `event_type` = 'view' THEN 1 END) OVER w AS `eq`, -- comparisons.eq: count() where event_type = 'view' over rolling 1h
  COUNT(CASE WHEN `category` <> 'c1' THEN 1 END) OVER w AS `ne`, -- comparisons.ne: count() where category ≠ 'c1' over rolling 1h
  COUNT(CASE WHEN `amount` > 10E0 THEN 1 END) OVER w AS `gt`, -- comparisons.gt: count() where amount > 10 over rolling 1h
  COUNT(CASE WHEN `qty` >= 2 THEN 1 END) OVER w AS `gte`, -- comparisons.gte: count() where qty ≥ 2 over rolling 1h
  COUNT(CASE WHEN `amount` < CAST(`qty` AS DOUBLE) THEN 1 END) OVER w AS `lt`, -- comparisons.lt: count() where amount < qty over rolling 1h
  COUNT(CASE WHEN `price` <= CAST(10.00 AS DECIMAL(10, 2)) THEN 1 END) OVER w AS `lte`, -- comparisons.lte: count() where price ≤ 10.00 over rolling 1h
  COUNT(CASE WHEN `event_type` IN ('view', 'cart') THEN 1 END) OVER w AS `member`, -- comparisons.member: count() where event_type in ('view', 'cart') over rolling 1h
  COUNT(CASE WHEN `qty` IN (1, 2, 3) THEN 1 END) OVER w AS `numbers` -- comparisons.numbers: count() where qty in (1, 2, 3) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view comparisons, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `comparisons__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `eq` BIGINT,
  `ne` BIGINT,
  `gt` BIGINT,
  `gte` BIGINT,
  `lt` BIGINT,
  `lte` BIGINT,
  `member` BIGINT,
  `numbers` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.comparisons.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view comparisons: every row
CREATE TEMPORARY TABLE `comparisons__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `eq` BIGINT,
  `ne` BIGINT,
  `gt` BIGINT,
  `gte` BIGINT,
  `lt` BIGINT,
  `lte` BIGINT,
  `member` BIGINT,
  `numbers` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.comparisons',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-comparisons'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `comparisons__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `member`, `numbers`
FROM `comparisons__rolling_1h`;

INSERT INTO `comparisons__output`
SELECT `user_id`, `event_time`, `as_of`, `eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `member`, `numbers`
FROM `comparisons__rolling_1h`;

END;
