-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 5cd325f1be0a058749842db81b00ae7687c763bc557291fc092110cfe3da8f75

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

-- view first_and_last, lifetime
CREATE TEMPORARY VIEW `first_and_last__lifetime` AS
SELECT
  `user_id`,
  `event_time`,
  `as_of`,
  `first_ever`,
  `last_ever`,
  `last_buy`,
  TO_TIMESTAMP_LTZ(`last_at`, 3) AS `last_at`
FROM (
  SELECT
    `user_id`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
    TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
    FIRST_VALUE(`amount`) OVER w AS `first_ever`, -- first_and_last.first_ever: first(amount) over lifetime
    LAST_VALUE(`category`) OVER w AS `last_ever`, -- first_and_last.last_ever: last(category) over lifetime
    LAST_VALUE(CASE WHEN `event_type` = 'purchase' THEN `amount` END) OVER w AS `last_buy`, -- first_and_last.last_buy: last(amount) where event_type = 'purchase' over lifetime
    LAST_VALUE(`ts`) OVER w AS `last_at` -- first_and_last.last_at: last(ts) over lifetime
  FROM `events__records`
  WINDOW w AS (
    PARTITION BY `user_id` ORDER BY `event_time__rowtime`
    RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
);

-- view first_and_last, lifetime: the newest row of each user
CREATE TEMPORARY TABLE `first_and_last__lifetime__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `first_ever` DOUBLE,
  `last_ever` STRING,
  `last_buy` DOUBLE,
  `last_at` TIMESTAMP_LTZ(3),
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.first_and_last.lifetime',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view first_and_last: every row
CREATE TEMPORARY TABLE `first_and_last__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `first_ever` DOUBLE,
  `last_ever` STRING,
  `last_buy` DOUBLE,
  `last_at` TIMESTAMP_LTZ(3)
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.first_and_last',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-first_and_last'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `first_and_last__lifetime__online`
SELECT `user_id`, `event_time`, `as_of`, `first_ever`, `last_ever`, `last_buy`, `last_at`
FROM `first_and_last__lifetime`;

INSERT INTO `first_and_last__output`
SELECT `user_id`, `event_time`, `as_of`, `first_ever`, `last_ever`, `last_buy`, `last_at`
FROM `first_and_last__lifetime`;

END;
