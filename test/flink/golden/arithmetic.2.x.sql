-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 599cefedcc076c7f4e291310b6a60533c31839910957073736e652f0dff02816

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

-- view arithmetic, rolling_1h
CREATE TEMPORARY VIEW `arithmetic__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(`amount` + CAST(`qty` AS DOUBLE)) OVER w AS `added`, -- arithmetic.added: sum(amount + qty) over rolling 1h
  SUM(CAST(`qty` - `seq` - 1 AS BIGINT)) OVER w AS `subtracted`, -- arithmetic.subtracted: sum(qty - seq - 1) over rolling 1h
  SUM((`amount` - (`amount` - 1E0)) * (`amount` + 2E0)) OVER w AS `nested`, -- arithmetic.nested: sum((amount - (amount - 1)) * (amount + 2)) over rolling 1h
  AVG(`amount` / CAST(`qty` AS DOUBLE)) OVER w AS `quotient`, -- arithmetic.quotient: avg(amount / qty) over rolling 1h
  AVG(CAST(`qty` AS DOUBLE) / 2E0) OVER w AS `of_ints`, -- arithmetic.of_ints: avg(qty / 2) over rolling 1h
  SUM(CAST(MOD(`qty`, NULLIF(3, 0)) AS BIGINT)) OVER w AS `rest`, -- arithmetic.rest: sum(qty % 3) over rolling 1h
  SUM(-`amount`) OVER w AS `negative`, -- arithmetic.negative: sum(-amount) over rolling 1h
  MAX(ABS(`amount`)) OVER w AS `distance`, -- arithmetic.distance: max(abs(amount)) over rolling 1h
  MAX(POWER(`amount`, 2E0)) OVER w AS `power` -- arithmetic.power: max(pow(amount, 2)) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view arithmetic, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `arithmetic__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `added` DOUBLE,
  `subtracted` BIGINT,
  `nested` DOUBLE,
  `quotient` DOUBLE,
  `of_ints` DOUBLE,
  `rest` BIGINT,
  `negative` DOUBLE,
  `distance` DOUBLE,
  `power` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.arithmetic.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view arithmetic: every row
CREATE TEMPORARY TABLE `arithmetic__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `added` DOUBLE,
  `subtracted` BIGINT,
  `nested` DOUBLE,
  `quotient` DOUBLE,
  `of_ints` DOUBLE,
  `rest` BIGINT,
  `negative` DOUBLE,
  `distance` DOUBLE,
  `power` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.arithmetic',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-arithmetic'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `arithmetic__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `added`, `subtracted`, `nested`, `quotient`, `of_ints`, `rest`, `negative`, `distance`, `power`
FROM `arithmetic__rolling_1h`;

INSERT INTO `arithmetic__output`
SELECT `user_id`, `event_time`, `as_of`, `added`, `subtracted`, `nested`, `quotient`, `of_ints`, `rest`, `negative`, `distance`, `power`
FROM `arithmetic__rolling_1h`;

END;
