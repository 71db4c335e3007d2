// What a view says of its own past → its node; undefined when it says nothing.
import type { RetypedFeature, UpgradeNode } from '../../plan/upgrade/upgrade-node.ts';
import type { FeatureMigration } from '../migrate.ts';
import { checkOptions, fail, failAll, inside, type Scope, show } from './scope.ts';

const upgradeOptions = { renamed: true, added: true, retyped: true } as const;

export function buildUpgrade(scope: Scope, options: unknown): UpgradeNode | undefined {
  if (options === undefined) return undefined;
  if (!isObject(options)) {
    fail(
      scope,
      'MR_DEFINITION_INVALID',
      `${show(options)} is no upgrade`,
      'upgrade: { renamed: … }',
    );
    return undefined;
  }
  checkOptions(scope, options, upgradeOptions);
  const { renamed, added, retyped } = options;
  return {
    renamed: readRenamed(inside(scope, 'renamed'), renamed),
    added: readAdded(inside(scope, 'added'), added),
    retyped: readRetyped(inside(scope, 'retyped'), retyped),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function entriesOf(scope: Scope, value: unknown, example: string): [string, unknown][] {
  if (value === undefined) return [];
  if (isObject(value)) return Object.entries(value);
  fail(scope, 'MR_DEFINITION_INVALID', `${show(value)} is not an object`, example);
  return [];
}

function readRenamed(scope: Scope, value: unknown): UpgradeNode['renamed'] {
  const entries = entriesOf(scope, value, "renamed: { new_name: 'old_name' }");
  return entries.flatMap(([feature, from]) => {
    if (typeof from === 'string') return [{ feature, from }];
    const message = `${show(from)} is no name of a feature`;
    fail(inside(scope, feature), 'MR_DEFINITION_INVALID', message);
    return [];
  });
}

function readAdded(scope: Scope, value: unknown): UpgradeNode['added'] {
  if (value === undefined || value === 'empty') return value ?? null;
  const message = `added must be 'empty', not ${show(value)}`;
  fail(scope, 'MR_DEFINITION_INVALID', message, 'leave it out to have the state refused');
  return null;
}

function readRetyped(scope: Scope, value: unknown): readonly RetypedFeature[] {
  const example = 'retyped: { max_24h: migrate(t.int32(), (old) => old.toFloat()) }';
  return entriesOf(scope, value, example).flatMap(([feature, migration]) => {
    const at = inside(scope, feature);
    if (!isMigration(migration)) {
      fail(at, 'MR_DEFINITION_INVALID', `${show(migration)} is no migration`, example);
      return [];
    }
    failAll(at, migration.problems);
    return [{ feature, from: migration.from, by: migration.by }];
  });
}

function isMigration(value: unknown): value is FeatureMigration {
  return isObject(value) && value['definition'] === 'migration';
}
