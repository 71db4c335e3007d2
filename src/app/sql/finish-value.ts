// Values of features as Flink's values of the same aggregates.
import type { Value } from '../../kernel/types/field-type.ts';
import type { Finish } from '../../sql/bind/bound-query.ts';
import type { SqlType } from '../../sql/bind/sql-type.ts';

type Values = Readonly<Record<string, Value>>;

/** The value of a feature, finished. */
export function finishValue(name: string, finish: Finish, type: SqlType, values: Values): Value {
  const value = values[name] ?? null;
  if (value === null) return null;
  switch (finish.kind) {
    case 'as-is':
      return value;
    case 'int':
      return Number(BigInt.asIntN(32, value as bigint));
    case 'quotient': {
      const count = BigInt(Number(values[finish.count]));
      if (count === 0n) return null;
      return type.name === 'DECIMAL'
        ? decimalQuotient(String(value), count, finish.inputScale, type.scale)
        : (value as bigint) / count;
    }
  }
}

/** Half away from zero at the last place. */
function decimalQuotient(sum: string, count: bigint, inputScale: number, scale: number): string {
  const unscaled = BigInt(sum.replace('.', '')) * 10n ** BigInt(scale - inputScale);
  const magnitude = unscaled < 0n ? -unscaled : unscaled;
  const rounded = (2n * magnitude + count) / (2n * count);
  const digits = String(rounded).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${unscaled < 0n && rounded > 0n ? '-' : ''}${whole}.${digits.slice(digits.length - scale)}`;
}
