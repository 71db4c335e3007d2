-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint e79d88ab4dc8d8c9777308a5760c08dc04be557e8463871bc4c111086c206f87

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

-- view texts, rolling_1h
CREATE TEMPORARY VIEW `texts__rolling_1h` AS
SELECT
  `user_id`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `event_time`,
  TO_TIMESTAMP_LTZ(`ts`, 3) AS `as_of`,
  MAX(LOWER(`category`)) OVER w AS `lower`, -- texts.lower: max(lower(category)) over rolling 1h
  MAX(UPPER(`event_type`)) OVER w AS `upper`, -- texts.upper: max(upper(event_type)) over rolling 1h
  MAX(REGEXP_REPLACE(`category`, '(?U)^[\s\uFEFF]+|[\s\uFEFF]+$', '')) OVER w AS `trimmed`, -- texts.trimmed: max(trim(category)) over rolling 1h
  MAX(CHAR_LENGTH(`category`)) OVER w AS `length`, -- texts.length: max(length(category)) over rolling 1h
  MAX((`event_type` || '-') || `category`) OVER w AS `joined`, -- texts.joined: max(concat(concat(event_type, '-'), category)) over rolling 1h
  MAX(SUBSTRING(`category`, 1, 2)) OVER w AS `part` -- texts.part: max(substring(category, 1, 2)) over rolling 1h
FROM `events__records`
WINDOW w AS (
  PARTITION BY `user_id` ORDER BY `event_time__rowtime`
  RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
);

-- view texts, rolling_1h: the newest row of each user
CREATE TEMPORARY TABLE `texts__rolling_1h__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `lower` STRING,
  `upper` STRING,
  `trimmed` STRING,
  `length` INT,
  `joined` STRING,
  `part` STRING,
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.texts.rolling_1h',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view texts: every row
CREATE TEMPORARY TABLE `texts__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `lower` STRING,
  `upper` STRING,
  `trimmed` STRING,
  `length` INT,
  `joined` STRING,
  `part` STRING
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.texts',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-texts'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `texts__rolling_1h__online`
SELECT `user_id`, `event_time`, `as_of`, `lower`, `upper`, `trimmed`, `length`, `joined`, `part`
FROM `texts__rolling_1h`;

INSERT INTO `texts__output`
SELECT `user_id`, `event_time`, `as_of`, `lower`, `upper`, `trimmed`, `length`, `joined`, `part`
FROM `texts__rolling_1h`;

END;
