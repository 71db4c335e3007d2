// Public entry `millrace/redis`.
export { type RedisBinding, redis } from './redis.ts';
export type { RedisOptions, RedisTls } from './redis-options.ts';
