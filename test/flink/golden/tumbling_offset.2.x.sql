-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint 40a1e096c50821cf2f8df351e8cb694b56cf2a5ed76a1a69188e2db7f8129a5f

SET 'pipeline.name' = 'millrace-corpus';
SET 'execution.runtime-mode' = 'streaming';
SET 'table.local-time-zone' = 'UTC';
SET 'table.exec.state.ttl' = '0';
SET 'table.exec.mini-batch.enabled' = 'false';
SET 'table.exec.sink.not-null-enforcer' = 'DROP';
SET 'table.optimizer.reuse-source-enabled' = 'true';
SET 'table.optimizer.reuse-sub-plan-enabled' = 'true';
SET 'table.optimizer.agg-phase-strategy' = 'ONE_PHASE';
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

-- view tumbling_offset, tumbling_1m_offset_minus_15s
CREATE TEMPORARY VIEW `tumbling_offset__tumbling_1m_offset_minus_15s` AS
SELECT
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  COUNT(*) AS `n` -- tumbling_offset.n: count() over tumbling 1m, shifted by -15s
FROM TUMBLE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '1' MINUTE, INTERVAL '-15' SECOND)
GROUP BY `window_start`, `window_end`, `window_time`;

-- view tumbling_offset, tumbling_1m_offset_minus_15s: the newest row of each everything
CREATE TEMPORARY TABLE `tumbling_offset__tumbling_1m_offset_minus_15s__online` (
  `_entity` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  PRIMARY KEY (`_entity`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.tumbling_offset.tumbling_1m_offset_minus_15s',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view tumbling_offset: every row
CREATE TEMPORARY TABLE `tumbling_offset__output` (
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.tumbling_offset',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-tumbling_offset'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `tumbling_offset__tumbling_1m_offset_minus_15s__online`
SELECT 'everything' AS `_entity`, `event_time`, `as_of`, `n`
FROM `tumbling_offset__tumbling_1m_offset_minus_15s`;

INSERT INTO `tumbling_offset__output`
SELECT `event_time`, `as_of`, `n`
FROM `tumbling_offset__tumbling_1m_offset_minus_15s`;

END;
