-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint eecb8d0e0d975026469b75db12aad214589cad5f08f91778fe1d6da8b04d4c89

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

-- view hopping_two_minutes, hopping_2m_30s
CREATE TEMPORARY VIEW `hopping_two_minutes__hopping_2m_30s` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) AS `n`, -- hopping_two_minutes.n: count() over hopping 2m every 30s
  SUM(`amount`) AS `spent`, -- hopping_two_minutes.spent: sum(amount) over hopping 2m every 30s
  COUNT(DISTINCT `category`) AS `categories` -- hopping_two_minutes.categories: countDistinct(category) over hopping 2m every 30s
FROM HOP(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '30' SECOND, INTERVAL '2' MINUTE)
GROUP BY `user_id`, `window_start`, `window_end`, `window_time`;

-- view hopping_two_minutes, hopping_2m_30s: the newest row of each user
CREATE TEMPORARY TABLE `hopping_two_minutes__hopping_2m_30s__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `spent` DOUBLE,
  `categories` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.hopping_two_minutes.hopping_2m_30s',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view hopping_two_minutes: every row
CREATE TEMPORARY TABLE `hopping_two_minutes__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `spent` DOUBLE,
  `categories` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.hopping_two_minutes',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-hopping_two_minutes'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `hopping_two_minutes__hopping_2m_30s__online`
SELECT `user_id`, `event_time`, `as_of`, `n`, `spent`, `categories`
FROM `hopping_two_minutes__hopping_2m_30s`;

INSERT INTO `hopping_two_minutes__output`
SELECT `user_id`, `event_time`, `as_of`, `n`, `spent`, `categories`
FROM `hopping_two_minutes__hopping_2m_30s`;

END;
