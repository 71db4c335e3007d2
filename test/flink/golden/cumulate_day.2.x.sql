-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint be46bf8946fc374f8c9c073534794c18452f1087126c56dd4a89075a2df0082f

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

-- view cumulate_day, cumulate_1d_1h
CREATE TEMPORARY VIEW `cumulate_day__cumulate_1d_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) AS `n`, -- cumulate_day.n: count() over cumulate 1d by 1h
  SUM(`amount`) AS `spent` -- cumulate_day.spent: sum(amount) over cumulate 1d by 1h
FROM CUMULATE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' HOUR, INTERVAL '1' DAY)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view cumulate_day, cumulate_1d_1h: the newest row of each user
CREATE TEMPORARY TABLE `cumulate_day__cumulate_1d_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `spent` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.cumulate_day.cumulate_1d_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view cumulate_day: every row
CREATE TEMPORARY TABLE `cumulate_day__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `spent` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.cumulate_day',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-cumulate_day'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `cumulate_day__cumulate_1d_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `n`, `spent`
FROM `cumulate_day__cumulate_1d_1h`;

INSERT INTO `cumulate_day__output`
SELECT `user_id`, `event_time`, `as_of`, `n`, `spent`
FROM `cumulate_day__cumulate_1d_1h`;

END;
