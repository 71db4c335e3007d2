-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 061cc65aa12097aa0daf03bb228a0cfd1bedcf937e09be69ee66230bbce7aa24

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

-- view text_tests, rolling_1h
CREATE TEMPORARY VIEW `text_tests__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  COUNT(CASE WHEN SUBSTRING(`category`, 1, CHAR_LENGTH('c')) = 'c' THEN 1 END) OVER w AS `starts`, -- text_tests.starts: count() where startsWith(category, 'c') over rolling 1h
  COUNT(CASE WHEN RIGHT(`category`, CHAR_LENGTH('1')) = '1' THEN 1 END) OVER w AS `ends`, -- text_tests.ends: count() where endsWith(category, '1') over rolling 1h
  COUNT(CASE WHEN POSITION('ar' IN `event_type`) > 0 THEN 1 END) OVER w AS `holds`, -- text_tests.holds: count() where contains(event_type, 'ar') over rolling 1h
  COUNT(CASE WHEN `category` = 'it''s `quoted`' THEN 1 END) OVER w AS `quoted`, -- text_tests.quoted: count() where category = 'it''s `quoted`' over rolling 1h
  COUNT(CASE WHEN `category` = 'größer 😀' THEN 1 END) OVER w AS `foreign` -- text_tests.foreign: count() where category = 'größer 😀' over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view text_tests, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `text_tests__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `starts` BIGINT,
  `ends` BIGINT,
  `holds` BIGINT,
  `quoted` BIGINT,
  `foreign` BIGINT,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.text_tests.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view text_tests: every row
CREATE TEMPORARY TABLE `text_tests__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `starts` BIGINT,
  `ends` BIGINT,
  `holds` BIGINT,
  `quoted` BIGINT,
  `foreign` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.text_tests',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-text_tests'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `text_tests__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `starts`, `ends`, `holds`, `quoted`, `foreign`
FROM `text_tests__rolling_1h`;

INSERT INTO `text_tests__output`
SELECT `user_id`, `event_time`, `as_of`, `starts`, `ends`, `holds`, `quoted`, `foreign`
FROM `text_tests__rolling_1h`;

END;
