"""A Feast repository with the view that serving is measured with: definitions, data, and its load."""
import os
import sys
from datetime import datetime, timedelta, timezone

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Float64, Int64, String

folder, port = sys.argv[1], sys.argv[2]
os.makedirs(f"{folder}/data", exist_ok=True)
with open(f"{folder}/feature_store.yaml", "w") as file:
    file.write(f"""project: bench
provider: local
registry:
  registry_type: file
  path: data/registry.db
  cache_ttl_seconds: 600
online_store:
  type: redis
  connection_string: "127.0.0.1:{port}"
offline_store:
  type: file
entity_key_serialization_version: 3
auth:
  type: no_auth
""")

names = [(f"i{j:02d}", Int64) for j in range(20)]
names += [(f"d{j:02d}", Float64) for j in range(20)] + [(f"s{j:02d}", String) for j in range(10)]
now = datetime.now(timezone.utc)
rows = []
for item in range(1000):
    row = {"item_id": item, "event_timestamp": pd.Timestamp(now), "created": pd.Timestamp(now)}
    row.update({f"i{j:02d}": item * 100 + j for j in range(20)})
    row.update({f"d{j:02d}": (item * 31 + j * 7) / 97.0 for j in range(20)})
    row.update({f"s{j:02d}": f"val-{item}-{j}" for j in range(10)})
    rows.append(row)
path = f"{folder}/data/item_wide.parquet"
pd.DataFrame(rows).to_parquet(path, index=False)

item = Entity(name="item", join_keys=["item_id"], value_type=ValueType.INT64)
source = FileSource(
    name="item_wide_src",
    path=path,
    timestamp_field="event_timestamp",
    created_timestamp_column="created",
)
view = FeatureView(
    name="item_wide",
    entities=[item],
    ttl=timedelta(days=30),
    source=source,
    schema=[Field(name="item_id", dtype=Int64)] + [Field(name=n, dtype=t) for n, t in names],
)
store = FeatureStore(repo_path=folder)
store.apply([item, view])
store.materialize(now - timedelta(days=1), now + timedelta(days=1))
