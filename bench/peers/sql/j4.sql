-- Ten features of every event over the hour before it.
CREATE TABLE features (
  user_id STRING, at_time BIGINT, n BIGINT, spent DOUBLE, mean DOUBLE, least DOUBLE, most DOUBLE,
  viewed DOUBLE, clicked DOUBLE, put_in_cart DOUBLE, bought DOUBLE, refunded DOUBLE
) WITH (${sink});

INSERT INTO features
SELECT
  user_id, ts,
  COUNT(*) OVER w, SUM(amount) OVER w, AVG(amount) OVER w, MIN(amount) OVER w, MAX(amount) OVER w,
  SUM(CASE WHEN event_type = 'view' THEN amount END) OVER w,
  SUM(CASE WHEN event_type = 'click' THEN amount END) OVER w,
  SUM(CASE WHEN event_type = 'cart' THEN amount END) OVER w,
  SUM(CASE WHEN event_type = 'purchase' THEN amount END) OVER w,
  SUM(CASE WHEN event_type = 'refund' THEN amount END) OVER w
FROM events
WINDOW w AS (
  PARTITION BY user_id ORDER BY rt RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW
)
