"""Writes one row of every type through the SDK's online store, as a materialisation does."""
import datetime as dt
from feast import FeatureStore
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import (
    BoolList, BytesList, DoubleList, Int64List, Map, MapList, RepeatedValue, StringList, Value,
)

store = FeatureStore(repo_path=".")
at = dt.datetime(2026, 11, 20, 11, 0, 0, 123000, tzinfo=dt.timezone.utc)
seconds = int(at.timestamp())
place = Map(val={"city": Value(string_val="Köln"), "zip": Value()})
values = dict(
    flag=Value(bool_val=False), small=Value(int32_val=7), big=Value(int64_val=9007199254740993),
    single=Value(float_val=0.5), double=Value(double_val=-0.0), text=Value(string_val="é日本"),
    raw=Value(bytes_val=b"\x00\xff"), at=Value(unix_timestamp_val=seconds), born=Value(string_val="2000-02-29"),
    price=Value(decimal_val="12.5"), doc=Value(json_val='{"a": [1, null]}'),
    bigs=Value(int64_list_val=Int64List(val=[1, -2])), doubles=Value(double_list_val=DoubleList(val=[1.5])),
    texts=Value(string_list_val=StringList(val=["", "x"])), flags=Value(bool_list_val=BoolList(val=[True])),
    stamps=Value(unix_timestamp_list_val=Int64List(val=[0, seconds])),
    raws=Value(bytes_list_val=BytesList(val=[b"\x01"])),
    nested=Value(list_val=RepeatedValue(val=[
        Value(int64_list_val=Int64List(val=[1])), Value(int64_list_val=Int64List(val=[]))])),
    counts=Value(map_val=Map(val={"a": Value(int64_val=1), "b": Value()})),
    place=Value(struct_val=place),
    places=Value(struct_list_val=MapList(val=[Map(val={"city": Value(string_val="A"), "zip": Value(int32_val=1)})])),
    events=Value(int64_val=3), by_text=Value(map_val=Map(val={"x": Value(int64_val=2)})),
)


def write(view, key, row):
    table = store.get_feature_view(view)
    entity = EntityKey(join_keys=list(key), entity_values=list(key.values()))
    store._get_provider().online_write_batch(store.config, table, [(entity, row, at, at)], None)


write("all_types", {"user_id": Value(string_val="feast")}, values)
write("pairs", {"user_id": Value(string_val="feast"), "item_id": Value(int64_val=-1)},
      dict(pair_events=Value(int64_val=4), pair_doubles=Value(double_list_val=DoubleList(val=[])), pair_twice=Value()))
