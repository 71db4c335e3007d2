-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint c77668cce6d1b9ef001efd535e36bd0eb071ebfbe559f21607155e9c9a5d45a0

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

-- view global_aggregates, tumbling_30s
CREATE TEMPORARY VIEW `global_aggregates__tumbling_30s` AS
SELECT
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(DISTINCT `user_id`) AS `users`, -- global_aggregates.users: countDistinct(user_id) over tumbling 30s
  SUM(`amount`) FILTER (WHERE `amount` > 0E0) AS `spent`, -- global_aggregates.spent: sum(amount) where amount > 0 over tumbling 30s
  COUNT(*) FILTER (WHERE `category` = '') AS `empty`, -- global_aggregates.empty: count() where category = '' over tumbling 30s
  COUNT(*) FILTER (WHERE `category` IS NULL) AS `none` -- global_aggregates.none: count() where category is null over tumbling 30s
FROM TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '30' SECOND)
GROUP BY `window_start`, `window_end`, `window_time`;

-- view global_aggregates, tumbling_30s: the newest row of each everything
CREATE TEMPORARY TABLE `global_aggregates__tumbling_30s__online` (
  `_entity` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `users` BIGINT,
  `spent` DOUBLE,
  `empty` BIGINT,
  `none` BIGINT,
  PRIMARY KEY (`_entity`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.global_aggregates.tumbling_30s',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view global_aggregates: every row
CREATE TEMPORARY TABLE `global_aggregates__output` (
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `users` BIGINT,
  `spent` DOUBLE,
  `empty` BIGINT,
  `none` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.global_aggregates',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-global_aggregates'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `global_aggregates__tumbling_30s__online`
SELECT 'everything' AS `_entity`, `event_time`, `as_of`, `users`, `spent`, `empty`, `none`
FROM `global_aggregates__tumbling_30s`;

INSERT INTO `global_aggregates__output`
SELECT `event_time`, `as_of`, `users`, `spent`, `empty`, `none`
FROM `global_aggregates__tumbling_30s`;

END;
