-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 82c36c2c42e2d71dccd364c50f6a550b3a506f13c1776649c97d3166d66a8543

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

-- view derived, rolling_1h
CREATE TEMPORARY VIEW `derived__rolling_1h` AS
SELECT
  `user_id`,
  `event_time`,
  `as_of`,
  `n`,
  `big`,
  `spent`,
  CAST(`big` AS DOUBLE) / CAST(`n` AS DOUBLE) AS `share_big`, -- derived.share_big = big / n
  COALESCE(`spent` / CAST(`n` AS DOUBLE), 0E0) AS `mean`, -- derived.mean = coalesce(spent / n, 0)
  CASE WHEN `spent` > 1000E0 THEN 1E0 ELSE 0E0 END AS `is_whale` -- derived.is_whale = case when spent > 1000 then 1 else 0 end
FROM (
  SELECT
    `user_id`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
    COUNT(*) OVER w AS `n`, -- derived.n: count() over rolling 1h
    COUNT(CASE WHEN `amount` > 50E0 THEN 1 END) OVER w AS `big`, -- derived.big: count() where amount > 50 over rolling 1h
    SUM(`amount`) OVER w AS `spent` -- derived.spent: sum(amount) over rolling 1h
  FROM `events__records`
  WINDOW w AS (
    PARTITION BY `user_id` ORDER BY `event_time__rowtime`
    RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
  )
);

-- view derived, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `derived__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `big` BIGINT,
  `spent` DOUBLE,
  `share_big` DOUBLE,
  `mean` DOUBLE,
  `is_whale` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.derived.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view derived: every row
CREATE TEMPORARY TABLE `derived__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `big` BIGINT,
  `spent` DOUBLE,
  `share_big` DOUBLE,
  `mean` DOUBLE,
  `is_whale` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.derived',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-derived'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `derived__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `n`, `big`, `spent`, `share_big`, `mean`, `is_whale`
FROM `derived__rolling_1h`;

INSERT INTO `derived__output`
SELECT `user_id`, `event_time`, `as_of`, `n`, `big`, `spent`, `share_big`, `mean`, `is_whale`
FROM `derived__rolling_1h`;

END;
