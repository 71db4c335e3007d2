// The formats that sources of a job can read, by name.
import { prefixedFormat, registeredFormat } from '../adapters/schema-registry/registered-format.ts';
import { avroLanguage } from '../formats/avro/avro-language.ts';
import { csvFormat } from '../formats/csv/csv-format.ts';
import { jsonFormat } from '../formats/json/json-format.ts';
import { jsonSchemaLanguage } from '../formats/json-schema/json-schema-language.ts';
import { parquetFormat } from '../formats/parquet/parquet-format.ts';
import { protobufLanguage } from '../formats/protobuf/protobuf-language.ts';
import type { Format, FormatRegistry } from '../ports/format.ts';

const known: readonly Format[] = [
  jsonFormat,
  csvFormat,
  parquetFormat,
  registeredFormat(avroLanguage),
  registeredFormat(protobufLanguage),
  prefixedFormat(jsonSchemaLanguage, jsonFormat),
];

export const formats: FormatRegistry = new Map(known.map((format) => [format.name, format]));
