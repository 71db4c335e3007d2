-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint efe4993b92d2d75264accd889f7c13c792a6e8990432772b4d8b6923590f76c2

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

-- view spreads, tumbling_1m
CREATE TEMPORARY VIEW `spreads__tumbling_1m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  STDDEV_SAMP(`amount`) AS `sample`, -- spreads.sample: stddevSamp(amount) over tumbling 1m
  STDDEV_POP(`amount`) AS `whole`, -- spreads.whole: stddevPop(amount) over tumbling 1m
  VAR_SAMP(CAST(`qty` AS DOUBLE)) AS `of_ints`, -- spreads.of_ints: varSamp(qty) over tumbling 1m
  VAR_POP(`amount`) AS `var_whole` -- spreads.var_whole: varPop(amount) over tumbling 1m
FROM TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view spreads, tumbling_1m: the newest row of each user
CREATE TEMPORARY TABLE `spreads__tumbling_1m__online` (
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
  'topic' = 'features.spreads.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view spreads: every row
CREATE TEMPORARY TABLE `spreads__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `sample` DOUBLE,
  `whole` DOUBLE,
  `of_ints` DOUBLE,
  `var_whole` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.spreads',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-spreads'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `spreads__tumbling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `sample`, `whole`, `of_ints`, `var_whole`
FROM `spreads__tumbling_1m`;

INSERT INTO `spreads__output`
SELECT `user_id`, `event_time`, `as_of`, `sample`, `whole`, `of_ints`, `var_whole`
FROM `spreads__tumbling_1m`;

END;
