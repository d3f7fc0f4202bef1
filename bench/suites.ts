import type { Suite } from './measuring/figure.ts';
import { apiSuite } from './suites/api-suite.ts';
import { builderSuite } from './suites/builder-suite.ts';
import { edgePeerSuite } from './suites/edge-peer-suite.ts';
import { engineSuite } from './suites/engine-suite.ts';
import { functionsSuite } from './suites/functions-suite.ts';
import { memorySuite } from './suites/memory-suite.ts';
import { pushSuite } from './suites/push-suite.ts';
import { startSuite } from './suites/start-suite.ts';
import { unchangedSuite } from './suites/unchanged-suite.ts';

/** Every suite, in the order they are run. A new one is a file in `suites/` and a line here. */
export const suites: readonly Suite[] = [
  pushSuite,
  unchangedSuite,
  startSuite,
  memorySuite,
  functionsSuite,
  engineSuite,
  apiSuite,
  builderSuite,
  edgePeerSuite,
];
