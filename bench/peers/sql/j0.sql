-- Every event is read and parsed, and none passes.
CREATE TABLE features (user_id STRING, ts BIGINT) WITH (${sink});

INSERT INTO features
SELECT user_id, ts
FROM events
WHERE event_type = 'none'
