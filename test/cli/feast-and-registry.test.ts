// What others are told of the definitions: a repository for Feast's SDK, and the registry as files.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyShop, jsonOf, runCli, temporaryFolder } from './run-cli.ts';

const folder = temporaryFolder();
const shop = folder.path;

beforeAll(() => copyShop(shop));
afterAll(() => folder.remove());

describe('millrace feast export', () => {
  it('writes a repository for the route that the environment has', async () => {
    const result = await runCli(shop, 'feast', 'export', '--out', 'repo', '--url', 'http://f:1');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('1 view and');
    expect(readdirSync(join(shop, 'repo')).toSorted()).toEqual([
      'feature_store.yaml',
      'registry.db',
    ]);
    const yaml = readFileSync(join(shop, 'repo/feature_store.yaml'), 'utf8');
    expect(yaml).toContain('project: "shop"');
    expect(yaml).toContain('type: remote\n  path: "http://f:1"');
    expect(readFileSync(join(shop, 'repo/registry.db')).includes('user_spend')).toBe(true);
  });

  it('refuses a route over Redis where no rows lie in its layout, and a route that is none', async () => {
    const redis = await runCli(shop, 'feast', 'export', '--out', 'no', '--route', 'redis');
    expect(redis.code).toBe(2);
    expect(redis.stderr).toContain("layout: 'feast'");
    const carrier = await runCli(shop, 'feast', 'export', '--out', 'no', '--route', 'pigeon');
    expect(carrier.code).toBe(2);
    expect(existsSync(join(shop, 'no'))).toBe(false);
  });

  it('tells Feast of Redis without writing a password', async () => {
    const config = readFileSync(join(shop, 'millrace.config.ts'), 'utf8');
    const url = 'rediss://millrace:secret@redis.example/2';
    const changed = config.replace(
      /online: embedded\([^)]*\)/,
      `online: redis('${url}', { layout: 'feast' })`,
    );
    const text = changed.includes("from 'millrace/redis'")
      ? changed
      : `import { redis } from 'millrace/redis';\n${changed}`;
    expect(text).toContain(url);
    writeFileSync(join(shop, 'redis.config.ts'), text);
    const args = ['--config', 'redis.config.ts', '--json', 'feast', 'export', '--out', 'redis'];
    const result = await runCli(shop, ...args);
    expect(jsonOf(result)).toMatchObject({
      route: 'redis',
      files: ['feature_store.yaml', 'feature_store.remote.yaml', 'registry.db'],
      views: ['user_spend'],
      left: [],
      notes: ['set REDIS_PASSWORD where the SDK runs: no password is written'],
    });
    const yaml = readFileSync(join(shop, 'redis/feature_store.yaml'), 'utf8');
    const parameters = 'db=2,username=millrace,password=${REDIS_PASSWORD},ssl=true';
    expect(yaml).toContain(`connection_string: "redis.example:6379,${parameters}"`);
    expect(yaml).not.toContain('secret');
  });
});

describe('millrace registry', () => {
  it('writes files for git, says when they are not what definitions say, and what changed', async () => {
    const missing = await runCli(shop, 'registry', 'write', '--check');
    expect(missing.code).toBe(1);
    expect(missing.stdout).toContain('differs views/user_spend.json');
    const written = await runCli(shop, 'registry', 'write', '--json');
    expect(jsonOf(written)).toMatchObject({ versions: { user_spend: 1 }, checked: false });
    expect((await runCli(shop, 'registry', 'write', '--check')).code).toBe(0);

    const path = join(shop, 'features/shop.ts');
    const features = readFileSync(path, 'utf8');
    const changed = features
      .replace(/^ *max_24h: .*\n/m, '')
      .replace("'risk-team'", "'fraud-team'");
    expect(changed).not.toBe(features);
    writeFileSync(path, changed);
    const diff = await runCli(shop, 'registry', 'diff', 'registry', '--check');
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain('✗ breaking view user_spend: feature max_24h: is gone');
    expect(diff.stdout).toContain('· words    view user_spend: owner: risk-team → fraud-team');
    const asJson = await runCli(shop, 'registry', 'diff', 'registry', '--json');
    expect(jsonOf(asJson)).toMatchObject({ equal: false, breaking: true });
    writeFileSync(path, features);
  });

  it('refuses a registry of another format, and one that cannot be reached', async () => {
    writeFileSync(join(shop, 'newer.json'), '{"kind":"millrace-registry","format":9}');
    const newer = await runCli(shop, 'registry', 'diff', 'newer.json');
    expect(newer.code).toBe(1);
    expect(newer.stderr).toContain('MR_FEATURE_REGISTRY');
    expect(newer.stderr).toContain('format 9');
    const away = await runCli(shop, 'registry', 'diff', 'http://127.0.0.1:9/registry.json');
    expect(away.code).toBe(3);
    const nothing = await runCli(shop, 'registry', 'diff', 'nowhere.json');
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain('MR_FILE_NOT_FOUND');
  });
});
