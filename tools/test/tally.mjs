/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures one line each: what failed
 * @property {Map<string, number>} reasons why tests were skipped, and how many
 */

/** @returns {Tally} */
export function emptyTally() {
  return { passed: 0, failed: 0, skipped: 0, failures: [], reasons: new Map() }
}

/** @param {Tally} into @param {Tally} from */
export function addTally(into, from) {
  into.passed += from.passed
  into.failed += from.failed
  into.skipped += from.skipped
  into.failures.push(...from.failures)
  for (const [reason, count] of from.reasons)
    into.reasons.set(reason, (into.reasons.get(reason) ?? 0) + count)
}

/** @param {Tally} tally @param {string} reason */
function skip(tally, reason) {
  tally.skipped += 1
  tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1)
}

/**
 * A step that is one check: type-check, lint, layers, build.
 * @param {string} name @param {boolean} ok @returns {Tally}
 */
export function single(name, ok) {
  return { ...emptyTally(), passed: ok ? 1 : 0, failed: ok ? 0 : 1, failures: ok ? [] : [name] }
}

/**
 * @typedef {{ name: string, status: string, message?: string, assertionResults: { fullName: string, status: string }[] }} VitestFile
 * @param {{ testResults: VitestFile[] }} report Vitest's JSON
 * @returns {Tally}
 */
export function vitestTally(report) {
  const tally = emptyTally()
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'passed') tally.passed += 1
      else if (test.status === 'failed') {
        tally.failed += 1
        tally.failures.push(`${file.name}: ${test.fullName}`)
      } else skip(tally, 'switched off in the source')
    }
    // A file that does not even load has no tests that could fail: it counts as one.
    if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')) {
      tally.failed += 1
      tally.failures.push(`${file.name}: ${file.message?.split('\n')[0] || 'did not load'}`)
    }
  }
  return tally
}

/**
 * @typedef {{ type: string, description?: string }} Annotation
 * @typedef {{ projectName: string, status: string, annotations: Annotation[] }} PlaywrightTest
 * @typedef {{ title: string, file: string, tests: PlaywrightTest[] }} PlaywrightSpec
 * @typedef {{ title: string, specs?: PlaywrightSpec[], suites?: PlaywrightSuite[] }} PlaywrightSuite
 * @param {{ suites: PlaywrightSuite[], errors?: { message?: string }[] }} report Playwright's JSON
 * @returns {Tally}
 */
export function playwrightTally(report) {
  const tally = emptyTally()
  /** @param {PlaywrightSuite} suite */
  const visit = (suite) => {
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests) {
        if (test.status === 'expected') tally.passed += 1
        else if (test.status === 'flaky') {
          // Only where CI allows a second attempt; said aloud, for it found something.
          tally.passed += 1
          console.log(`  flaky: ${spec.file}: ${spec.title} [${test.projectName}]`)
        } else if (test.status === 'skipped') {
          const annotation = test.annotations.find(({ type }) => type === 'skip')
          skip(tally, annotation?.description ?? 'an earlier failure')
        } else {
          tally.failed += 1
          tally.failures.push(`${spec.file}: ${spec.title} [${test.projectName}]`)
        }
      }
    }
    for (const inner of suite.suites ?? []) visit(inner)
  }
  for (const suite of report.suites) visit(suite)
  for (const error of report.errors ?? []) {
    tally.failed += 1
    tally.failures.push(`playwright: ${error.message?.split('\n')[0] ?? 'error'}`)
  }
  return tally
}

/** @param {Tally} tally @returns {string} the last line of `npm test` */
export const totalLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`
