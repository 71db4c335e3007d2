// Public entry `millrace/redis`.
export { type RedisBinding, type RedisOptions, redis } from './redis.ts';
