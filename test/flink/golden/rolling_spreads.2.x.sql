-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 91eabce010db700a99697ecaeb2ee0009dde3dccbf932fc805b5b5814899789a

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

-- view rolling_spreads, rolling_1h
CREATE TEMPORARY VIEW `rolling_spreads__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  STDDEV_SAMP(`amount`) OVER w AS `sample`, -- rolling_spreads.sample: stddevSamp(amount) over rolling 1h
  STDDEV_POP(`amount`) OVER w AS `whole`, -- rolling_spreads.whole: stddevPop(amount) over rolling 1h
  VAR_SAMP(CAST(`qty` AS DOUBLE)) OVER w AS `of_ints`, -- rolling_spreads.of_ints: varSamp(qty) over rolling 1h
  VAR_POP(`amount`) OVER w AS `var_whole` -- rolling_spreads.var_whole: varPop(amount) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view rolling_spreads, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `rolling_spreads__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `sample` DOUBLE,
  `whole` DOUBLE,
  `of_ints` DOUBLE,
  `var_whole` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.rolling_spreads.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view rolling_spreads: every row
CREATE TEMPORARY TABLE `rolling_spreads__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `sample` DOUBLE,
  `whole` DOUBLE,
  `of_ints` DOUBLE,
  `var_whole` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.rolling_spreads',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-rolling_spreads'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `rolling_spreads__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `sample`, `whole`, `of_ints`, `var_whole`
FROM `rolling_spreads__rolling_1h`;

INSERT INTO `rolling_spreads__output`
SELECT `user_id`, `event_time`, `as_of`, `sample`, `whole`, `of_ints`, `var_whole`
FROM `rolling_spreads__rolling_1h`;

END;
