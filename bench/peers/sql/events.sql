-- The events of the built-in benchmark, as JSON: nothing is late.
CREATE TABLE events (
  event_id STRING,
  user_id STRING,
  event_type STRING,
  amount DOUBLE,
  category STRING,
  merchant_id STRING,
  ts BIGINT,
  rt AS TO_TIMESTAMP_LTZ(ts, 3),
  WATERMARK FOR rt AS ${watermark}
) WITH (${source})
