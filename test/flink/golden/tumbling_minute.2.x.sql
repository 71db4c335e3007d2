-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 3a78ca8869fb15aa323f6e28f643d8ccaadb863b790fc62907eff8e123d67399

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

-- view tumbling_minute, tumbling_1m
CREATE TEMPORARY VIEW `tumbling_minute__tumbling_1m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) AS `n`, -- tumbling_minute.n: count() over tumbling 1m
  COUNT(`amount`) AS `n_amount`, -- tumbling_minute.n_amount: count(amount) over tumbling 1m
  SUM(`amount`) AS `spent`, -- tumbling_minute.spent: sum(amount) over tumbling 1m
  MIN(`amount`) AS `least`, -- tumbling_minute.least: min(amount) over tumbling 1m
  MAX(`amount`) AS `most`, -- tumbling_minute.most: max(amount) over tumbling 1m
  AVG(`amount`) AS `mean` -- tumbling_minute.mean: avg(amount) over tumbling 1m
FROM TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view tumbling_minute, tumbling_1m: the newest row of each user
CREATE TEMPORARY TABLE `tumbling_minute__tumbling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `n_amount` BIGINT,
  `spent` DOUBLE,
  `least` DOUBLE,
  `most` DOUBLE,
  `mean` DOUBLE,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.tumbling_minute.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view tumbling_minute: every row
CREATE TEMPORARY TABLE `tumbling_minute__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `n_amount` BIGINT,
  `spent` DOUBLE,
  `least` DOUBLE,
  `most` DOUBLE,
  `mean` DOUBLE
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.tumbling_minute',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-tumbling_minute'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `tumbling_minute__tumbling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `n`, `n_amount`, `spent`, `least`, `most`, `mean`
FROM `tumbling_minute__tumbling_1m`;

INSERT INTO `tumbling_minute__output`
SELECT `user_id`, `event_time`, `as_of`, `n`, `n_amount`, `spent`, `least`, `most`, `mean`
FROM `tumbling_minute__tumbling_1m`;

END;
