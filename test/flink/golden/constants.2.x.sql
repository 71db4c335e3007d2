-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 7b933a9245d09f0d18ec4294a46d9a4cedfde9017822b5d93d253e925069b9e5

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

-- view constants, rolling_1h
CREATE TEMPORARY VIEW `constants__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  SUM(0.5E0 * `amount`) OVER w AS `half`, -- constants.half: sum(0.5 * amount) over rolling 1h
  SUM(`amount` * 1E-7) OVER w AS `tiny`, -- constants.tiny: sum(amount * 1e-7) over rolling 1h
  COUNT(CASE WHEN `amount` < 1.5E300 THEN 1 END) OVER w AS `huge`, -- constants.huge: count() where amount < 1.5e+300 over rolling 1h
  COUNT(CASE WHEN `amount` > -0.25E0 THEN 1 END) OVER w AS `negative` -- constants.negative: count() where amount > -0.25 over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view constants, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `constants__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `half` DOUBLE,
  `tiny` DOUBLE,
  `huge` BIGINT,
  `negative` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.constants.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view constants: every row
CREATE TEMPORARY TABLE `constants__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `half` DOUBLE,
  `tiny` DOUBLE,
  `huge` BIGINT,
  `negative` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.constants',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-constants'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `constants__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `half`, `tiny`, `huge`, `negative`
FROM `constants__rolling_1h`;

INSERT INTO `constants__output`
SELECT `user_id`, `event_time`, `as_of`, `half`, `tiny`, `huge`, `negative`
FROM `constants__rolling_1h`;

END;
