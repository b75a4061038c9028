import { deterministic } from './deterministic.mjs'
import { hot } from './hot.mjs'
import { noSkippedTests } from './no-skipped-tests.mjs'
import { noSleep } from './no-sleep.mjs'

/** The rules of this house that no plugin knows. Each is a small file with a test beside. */
export const house = {
  meta: { name: 'house' },
  rules: { deterministic, hot, 'no-skipped-tests': noSkippedTests, 'no-sleep': noSleep }
}
