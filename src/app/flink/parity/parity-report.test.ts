import { expect, it } from 'vitest';
import { type FlinkParityWindow, junitReport } from './parity-report.ts';

const window: FlinkParityWindow = {
  view: 'spend',
  window: 'rolling_1h',
  parallelism: 1,
  equal: true,
  rows_engine: 3,
  rows_flink: 3,
  differing: 0,
  missing: 0,
  extra: 0,
  late_engine: 1,
  late_flink: 1,
  examples: [],
  by_design: [],
  failure: null,
};

it("is JUnit's XML: a suite for each parallelism, failures with their examples, what was left out", () => {
  const wrong = { ...window, equal: false, parallelism: 2, missing: 1, rows_flink: 2 };
  const text = junitReport({
    project: 'shop',
    env: 'fleet',
    equal: false,
    events: [],
    windows: [window, { ...wrong, examples: ['user "a" & <b>\u0001: engine 1'] }],
    not_compared: [{ view: 'newest', reason: 'Flink has no list' }],
  });
  expect(text).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="flink parity shop fleet, parallelism 1" tests="2" failures="0" skipped="1">
    <testcase classname="spend" name="rolling_1h"/>
    <testcase classname="newest" name="newest"><skipped message="Flink has no list"/></testcase>
  </testsuite>
  <testsuite name="flink parity shop fleet, parallelism 2" tests="2" failures="1" skipped="1">
    <testcase classname="spend" name="rolling_1h"><failure message="rows 3 and 2: 0 differ, 1 missing on Flink, 0 only there; late 1 and 1">rows 3 and 2: 0 differ, 1 missing on Flink, 0 only there; late 1 and 1
user &quot;a&quot; &amp; &lt;b&gt;: engine 1</failure></testcase>
    <testcase classname="newest" name="newest"><skipped message="Flink has no list"/></testcase>
  </testsuite>
</testsuites>
`);
});
