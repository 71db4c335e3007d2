-- Flink SQL (2.x), made from definitions: change those, not this.
-- fingerprint e43870e77c3635688c409ff9c240030e314e3ec852dbb2ecc72e0cd1e5350e4b

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

-- view cumulate_offset, cumulate_2m_30s_offset_10s
CREATE TEMPORARY VIEW `cumulate_offset__cumulate_2m_30s_offset_10s` AS
SELECT
  TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
  CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
  MAX(`qty`) AS `most` -- cumulate_offset.most: max(qty) over cumulate 2m by 30s, shifted by 10s
FROM CUMULATE(TABLE `events__records`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '30' SECOND, INTERVAL '2' MINUTE, INTERVAL '10' SECOND)
GROUP BY `window_start`, `window_end`, `window_time`;

-- view cumulate_offset, cumulate_2m_30s_offset_10s: the newest row of each everything
CREATE TEMPORARY TABLE `cumulate_offset__cumulate_2m_30s_offset_10s__online` (
  `_entity` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `most` INT,
  PRIMARY KEY (`_entity`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.cumulate_offset.cumulate_2m_30s_offset_10s',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view cumulate_offset: every row
CREATE TEMPORARY TABLE `cumulate_offset__output` (
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `most` INT
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.cumulate_offset',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-cumulate_offset'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `cumulate_offset__cumulate_2m_30s_offset_10s__online`
SELECT 'everything' AS `_entity`, `event_time`, `as_of`, `most`
FROM `cumulate_offset__cumulate_2m_30s_offset_10s`;

INSERT INTO `cumulate_offset__output`
SELECT `event_time`, `as_of`, `most`
FROM `cumulate_offset__cumulate_2m_30s_offset_10s`;

END;
