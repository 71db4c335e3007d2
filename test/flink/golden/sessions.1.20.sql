-- Flink SQL (1.20), made from definitions: change those, not this.
-- fingerprint 0452fa2e19dc5b4e584db19164d0677d91c9506b5296ceafe67cd0df7e7f0032

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

-- view sessions, session_10s
CREATE TEMPORARY VIEW `sessions__session_10s` AS
SELECT
  `user_id`,
  `event_time`,
  `as_of`,
  `n`,
  `first_seq`,
  TO_TIMESTAMP_LTZ(`started`, 3) AS `started`
FROM (
  SELECT
    `user_id`,
    TO_TIMESTAMP_LTZ(MAX(`ts`), 3) AS `event_time`,
    CAST(`window_time` AS TIMESTAMP_LTZ(3)) AS `as_of`,
    COUNT(*) AS `n`, -- sessions.n: count() over session 10s
    MIN(`seq`) AS `first_seq`, -- sessions.first_seq: min(seq) over session 10s
    MIN(`ts`) AS `started` -- sessions.started: min(ts) over session 10s
  FROM TABLE(SESSION(TABLE `events__records` PARTITION BY `user_id`, DESCRIPTOR(`event_time__rowtime`), INTERVAL '10' SECOND))
  GROUP BY `user_id`, `window_start`, `window_end`, `window_time`
);

-- view sessions, session_10s: the newest row of each user
CREATE TEMPORARY TABLE `sessions__session_10s__online` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `first_seq` INT,
  `started` TIMESTAMP_LTZ(3),
  PRIMARY KEY (`user_id`) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'features.sessions.session_10s',
  'properties.bootstrap.servers' = 'localhost:9092',
  'key.format' = 'json',
  'value.format' = 'json',
  'value.json.timestamp-format.standard' = 'ISO-8601'
);

-- view sessions: every row
CREATE TEMPORARY TABLE `sessions__output` (
  `user_id` STRING,
  `event_time` TIMESTAMP_LTZ(3),
  `as_of` TIMESTAMP_LTZ(3),
  `n` BIGINT,
  `first_seq` INT,
  `started` TIMESTAMP_LTZ(3)
) WITH (
  'connector' = 'kafka',
  'topic' = 'features.sessions',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json',
  'json.timestamp-format.standard' = 'ISO-8601',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'millrace-corpus-sessions'
);

EXECUTE STATEMENT SET BEGIN

INSERT INTO `sessions__session_10s__online`
SELECT `user_id`, `event_time`, `as_of`, `n`, `first_seq`, `started`
FROM `sessions__session_10s`;

INSERT INTO `sessions__output`
SELECT `user_id`, `event_time`, `as_of`, `n`, `first_seq`, `started`
FROM `sessions__session_10s`;

END;
