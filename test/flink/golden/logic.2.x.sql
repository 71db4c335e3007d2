-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 5e9506721c315db5c2edbd00f3c2c6f1b0549cb31654a36f556c8c6dced7e340

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

-- view logic, rolling_1h
CREATE TEMPORARY VIEW `logic__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(CASE WHEN `amount` > 1E0 AND `qty` > 1 THEN 1 END) OVER w AS `both`, -- logic.both: count() where amount > 1 and qty > 1 over rolling 1h
  COUNT(CASE WHEN (`amount` > 1E0 OR `qty` > 1) AND `price` IS NOT NULL THEN 1 END) OVER w AS `any`, -- logic.any: count() where (amount > 1 or qty > 1) and price is not null over rolling 1h
  COUNT(CASE WHEN NOT (`amount` > 1E0 OR `qty` > 1) THEN 1 END) OVER w AS `neither`, -- logic.neither: count() where not (amount > 1 or qty > 1) over rolling 1h
  COUNT(CASE WHEN `amount` > 1E0 AND (`qty` > 1 AND `qty` < 9) THEN 1 END) OVER w AS `right`, -- logic.right: count() where amount > 1 and (qty > 1 and qty < 9) over rolling 1h
  COUNT(CASE WHEN `amount` IS NULL OR `category` IS NULL THEN 1 END) OVER w AS `unknown` -- logic.unknown: count() where amount is null or category is null over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view logic, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `logic__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `both` BIGINT,
  `any` BIGINT,
  `neither` BIGINT,
  `right` BIGINT,
  `unknown` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.logic.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view logic: every row
CREATE TEMPORARY TABLE `logic__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `both` BIGINT,
  `any` BIGINT,
  `neither` BIGINT,
  `right` BIGINT,
  `unknown` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.logic',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-logic'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `logic__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `both`, `any`, `neither`, `right`, `unknown`
FROM `logic__rolling_1h`;

INSERT INTO `logic__output`
SELECT `user_id`, `event_time`, `as_of`, `both`, `any`, `neither`, `right`, `unknown`
FROM `logic__rolling_1h`;

END;
