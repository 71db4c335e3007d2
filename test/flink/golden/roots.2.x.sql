-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 8d7e77c49acfd9a010f2712ed26791e7d24624a8f57954ab412653054361b8b6

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

-- view roots, rolling_1h
CREATE TEMPORARY VIEW `roots__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  MAX(SQRT(ABS(`amount`))) OVER w AS `root`, -- roots.root: max(sqrt(abs(amount))) over rolling 1h
  MAX(LN(ABS(`amount`))) OVER w AS `log`, -- roots.log: max(ln(abs(amount))) over rolling 1h
  MAX(EXP(CAST(`qty` AS DOUBLE))) OVER w AS `exponential`, -- roots.exponential: max(exp(qty)) over rolling 1h
  AVG(CAST(`price` AS DOUBLE)) OVER w AS `float` -- roots.float: avg(toFloat(price)) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view roots, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `roots__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `root` DOUBLE,
  `log` DOUBLE,
  `exponential` DOUBLE,
  `float` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.roots.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view roots: every row
CREATE TEMPORARY TABLE `roots__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `root` DOUBLE,
  `log` DOUBLE,
  `exponential` DOUBLE,
  `float` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.roots',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-roots'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `roots__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `root`, `log`, `exponential`, `float`
FROM `roots__rolling_1h`;

INSERT INTO `roots__output`
SELECT `user_id`, `event_time`, `as_of`, `root`, `log`, `exponential`, `float`
FROM `roots__rolling_1h`;

END;
