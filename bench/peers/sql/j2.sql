-- Three features of every event over the hour before it.
CREATE TABLE features (user_id STRING, at_time BIGINT, n BIGINT, spent DOUBLE, most DOUBLE)
WITH (${sink});

INSERT INTO features
SELECT user_id, ts, COUNT(*) OVER w, SUM(amount) OVER w, MAX(amount) OVER w
FROM events
WINDOW w AS (
  PARTITION BY user_id ORDER BY rt RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
)
