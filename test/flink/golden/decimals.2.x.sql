-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint b0bc503e35e86381069eca0ac1c6a8212875425d82defe43de6d407bbb89e8cb

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

-- view decimals, rolling_1h
CREATE TEMPORARY VIEW `decimals__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(CAST(`price` + `price` AS DECIMAL(38, 2))) OVER w AS `twice`, -- decimals.twice: sum(price + price) over rolling 1h
  SUM(CAST(`price` * CAST(2.00 AS DECIMAL(10, 2)) AS DECIMAL(38, 2))) OVER w AS `with_tax`, -- decimals.with_tax: sum(price * 2.00) over rolling 1h
  SUM(CAST(`price` - `qty` AS DECIMAL(38, 2))) OVER w AS `less`, -- decimals.less: sum(price - qty) over rolling 1h
  COUNT(CASE WHEN `price` >= CAST(20.00 AS DECIMAL(10, 2)) THEN 1 END) OVER w AS `dear`, -- decimals.dear: count() where price ≥ 20.00 over rolling 1h
  MAX(MOD(CAST(`price` AS DECIMAL(38, 2)), NULLIF(CAST(2.00 AS DECIMAL(38, 2)), 0))) OVER w AS `rest` -- decimals.rest: max(price % 2.00) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view decimals, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `decimals__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `twice` DECIMAL(38, 2),
  `with_tax` DECIMAL(38, 2),
  `less` DECIMAL(38, 2),
  `dear` BIGINT,
  `rest` DECIMAL(38, 2),
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.decimals.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view decimals: every row
CREATE TEMPORARY TABLE `decimals__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `twice` DECIMAL(38, 2),
  `with_tax` DECIMAL(38, 2),
  `less` DECIMAL(38, 2),
  `dear` BIGINT,
  `rest` DECIMAL(38, 2)
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.decimals',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-decimals'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `decimals__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `twice`, `with_tax`, `less`, `dear`, `rest`
FROM `decimals__rolling_1h`;

INSERT INTO `decimals__output`
SELECT `user_id`, `event_time`, `as_of`, `twice`, `with_tax`, `less`, `dear`, `rest`
FROM `decimals__rolling_1h`;

END;
