// What runs inside Redis: comparing versions where the rows are. Each script reads what it compares
// first and writes last, so that a server which refuses to write (no memory, a replica) has done nothing.
import { createHash } from 'node:crypto';

export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

function script(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/**
 * The marker: number of the newest write that this server has seen, in ARGV[1] with the newest one that
 * was acknowledged. When it is smaller than that, the server has lost writes: then a sign stays behind the
 * number until all rows were written again, `!` when the server has old rows, `?` when it had none.
 */
const markerBegin = `local text = redis.call('GET', KEYS[1]) or '-1'
local digits, sign = string.match(text, '^(-?%d+)([!?]?)')
local seen = tonumber(digits)`;
const markerEnd = `local number, acknowledged = string.match(ARGV[1], '^(%d+) (%d+)')
acknowledged = tonumber(acknowledged)
if acknowledged > 0 and seen < acknowledged and sign ~= '!' then sign = seen < 0 and '?' or '!' end
if seen < tonumber(number) then digits = number end
if digits .. sign ~= text then redis.call('SET', KEYS[1], digits .. sign) end
return {seen, stored}`;

/** Says that rows are old until `cleanMarker`: KEYS = a marker. */
export const soilMarker: RedisScript = script(`local text = redis.call('GET', KEYS[1])
if text and not string.find(text, '[!?]$') then redis.call('SET', KEYS[1], text .. '!') end
return 0`);

/** Says that no row is old: KEYS = a marker. */
export const cleanMarker: RedisScript = script(`local text = redis.call('GET', KEYS[1])
if text and string.find(text, '[!?]$') then redis.call('SET', KEYS[1], string.sub(text, 1, -2)) end
return 0`);

/**
 * Upserts packed rows: KEYS = marker, keys of the rows; ARGV = number of the write, milliseconds after
 * which rows expire (0: never), the rows one after the other. A row's length is its u32 at 4, its
 * version (as_of, seq) the two doubles at 8. Answers with the marker as it was and how many rows it stored.
 */
export const writePackedRows: RedisScript = script(`${markerBegin}
local old = redis.call('MGET', unpack(KEYS, 2))
local rows, ttl, at, stored, out = ARGV[3], tonumber(ARGV[2]), 1, 0, {}
for i = 2, #KEYS do
  local length = struct.unpack('<I4', rows, at + 4)
  local before = old[i - 1]
  local newer = true
  if before and #before >= 24 then
    local a, s = struct.unpack('<dd', rows, at + 8)
    local b, t = struct.unpack('<dd', before, 9)
    newer = a > b or (a == b and s > t)
  end
  if newer then
    out[stored * 2 + 1] = KEYS[i]
    out[stored * 2 + 2] = string.sub(rows, at, at + length - 1)
    stored = stored + 1
  end
  at = at + length
end
if stored > 0 then redis.call('MSET', unpack(out)) end
if ttl > 0 then
  for i = 1, stored do redis.call('PEXPIRE', out[i * 2 - 1], ttl) end
end
${markerEnd}`);

/** Raises the greatest as_of: KEYS = the meta hash; ARGV = as_of. */
export const raiseAsOf: RedisScript = script(`local known = redis.call('HGET', KEYS[1], 'as_of')
if not known or tonumber(known) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'as_of', ARGV[1])
end
return 0`);

/**
 * Replaces one packed row when its version is as expected: KEYS = the row's key; ARGV = what is expected
 * ('' no row, else the 16 bytes of its version), the row ('' removes it). Keeps the time to live.
 */
export const replacePackedRow: RedisScript = script(`local stored = redis.call('GET', KEYS[1])
if ARGV[1] == '' then
  if stored then return 0 end
elseif not stored or string.sub(stored, 9, 24) ~= ARGV[1] then
  return 0
end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
elseif stored then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2]) end
return 1`);

/** Moves the alias when its version is as expected: KEYS = the alias; ARGV = version, the new state. */
export const moveAlias: RedisScript = script(`local stored = redis.call('GET', KEYS[1])
local version = 0
if stored then version = cjson.decode(stored).version end
if version ~= tonumber(ARGV[1]) then return stored or '' end
redis.call('SET', KEYS[1], ARGV[2])
return 1`);

/**
 * Upserts the fields of rows in Feast's hashes: KEYS = marker, hashes; ARGV = number of the write,
 * milliseconds after which a hash expires (0: never), an array of MessagePack per row with field, value,
 * … and last the version's field and its 16 bytes. A hash holds several views: its time to live only grows.
 */
export const writeFeastRows: RedisScript = script(`${markerBegin}
local rows, ttl, stored = {cmsgpack.unpack(ARGV[3])}, tonumber(ARGV[2]), 0
for i = 2, #KEYS do
  local key, row = KEYS[i], rows[i - 1]
  local last = #row
  local before = redis.call('HGET', key, row[last - 1])
  local newer = true
  if before and #before == 16 then
    local a, s = struct.unpack('<dd', row[last])
    local b, t = struct.unpack('<dd', before)
    newer = a > b or (a == b and s > t)
  end
  if newer then
    local left = ttl > 0 and redis.call('PTTL', key) or 0
    redis.call('HSET', key, unpack(row))
    if ttl > 0 and (left == -2 or (left >= 0 and left < ttl)) then
      redis.call('PEXPIRE', key, ttl)
    end
    stored = stored + 1
  end
end
${markerEnd}`);

/**
 * The same fields of several hashes: KEYS = marker, hashes; ARGV = an array of MessagePack with the fields,
 * '1' when the marker is wanted. Answers with the marker and then the hashes.
 */
export const readFeastRows: RedisScript = script(`local fields, rows = cmsgpack.unpack(ARGV[1]), {}
for i = 2, #KEYS do rows[i] = redis.call('HMGET', KEYS[i], unpack(fields)) end
rows[1] = ARGV[2] == '1' and redis.call('GET', KEYS[1])
return rows`);

/**
 * Replaces the fields of one view in a hash when its version is as expected: KEYS = hash; ARGV = what is
 * expected ('' no row, else 16 bytes), all fields of the view and the row, both as MessagePack ('' removes).
 */
export const replaceFeastRow: RedisScript = script(`local fields = cmsgpack.unpack(ARGV[2])
local last = #fields
local stored = redis.call('HMGET', KEYS[1], fields[last - 1], fields[last])
if ARGV[1] == '' then
  if stored[1] then return 0 end
elseif not stored[1] or (stored[2] or '') ~= ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], unpack(fields))
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], unpack(cmsgpack.unpack(ARGV[3]))) end
return 1`);
