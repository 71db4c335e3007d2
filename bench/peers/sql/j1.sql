-- Two features of purchases in five minutes.
CREATE TABLE features (user_id STRING, at_time TIMESTAMP(3), n BIGINT, spent DOUBLE)
WITH (${sink});

INSERT INTO features
SELECT user_id, window_end, COUNT(*), SUM(amount)
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(rt), INTERVAL '5' MINUTES))
WHERE event_type = 'purchase'
GROUP BY user_id, window_start, window_end
