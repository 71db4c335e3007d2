-- An hour's features every ten minutes.
CREATE TABLE features (
  user_id STRING, at_time TIMESTAMP(3), n BIGINT, spent DOUBLE, categories BIGINT
) WITH (${sink});

INSERT INTO features
SELECT user_id, window_end, COUNT(*), SUM(amount), COUNT(DISTINCT category)
FROM TABLE(HOP(TABLE events, DESCRIPTOR(rt), INTERVAL '10' MINUTES, INTERVAL '1' HOUR))
GROUP BY user_id, window_start, window_end
