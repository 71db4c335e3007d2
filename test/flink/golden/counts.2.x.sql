-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 9b6db25d0838e558b7a62b2e077cc208ce7fb380a53de5fbba8cae7451b58b6c

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

-- view counts, tumbling_1m
CREATE TEMPORARY VIEW `counts__tumbling_1m` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) AS `rows`, -- counts.rows: count() over tumbling 1m
  COUNT(`amount`) AS `amounts`, -- counts.amounts: count(amount) over tumbling 1m
  COUNT(*) FILTER (WHERE `amount` > 50E0) AS `big`, -- counts.big: count() where amount > 50 over tumbling 1m
  COUNT(`price`) FILTER (WHERE `amount` > 50E0) AS `big_prices`, -- counts.big_prices: count(price) where amount > 50 over tumbling 1m
  COUNT(DISTINCT `category`) AS `categories`, -- counts.categories: countDistinct(category) over tumbling 1m
  COUNT(DISTINCT `category`) FILTER (WHERE `event_type` = 'view') AS `viewed` -- counts.viewed: countDistinct(category) where event_type = 'view' over tumbling 1m
FROM TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view counts, tumbling_1m: the newest row of each user
CREATE TEMPORARY TABLE `counts__tumbling_1m__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `rows` BIGINT,
  `amounts` BIGINT,
  `big` BIGINT,
  `big_prices` BIGINT,
  `categories` BIGINT,
  `viewed` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.counts.tumbling_1m',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view counts: every row
CREATE TEMPORARY TABLE `counts__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `rows` BIGINT,
  `amounts` BIGINT,
  `big` BIGINT,
  `big_prices` BIGINT,
  `categories` BIGINT,
  `viewed` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.counts',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-counts'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `counts__tumbling_1m__online`
SELECT `user_id`, `event_time`, `as_of`, `rows`, `amounts`, `big`, `big_prices`, `categories`, `viewed`
FROM `counts__tumbling_1m`;

INSERT INTO `counts__output`
SELECT `user_id`, `event_time`, `as_of`, `rows`, `amounts`, `big`, `big_prices`, `categories`, `viewed`
FROM `counts__tumbling_1m`;

END;
