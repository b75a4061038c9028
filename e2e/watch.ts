import { type ConsoleMessage, type Page, expect } from '@playwright/test'

/** What a page did that no user should have to know: errors, broken policies, requests to the outside. */
export class Problems {
  private readonly found: string[] = []
  private readonly expected: RegExp[] = []

  add(problem: string): void {
    this.found.push(problem)
  }

  /** This test provokes such a problem. */
  expect(pattern: RegExp): void {
    this.expected.push(pattern)
  }

  list(): string[] {
    return this.found.filter((problem) => !this.expected.some((pattern) => pattern.test(problem)))
  }

  assertNone(): void {
    expect(this.list(), 'errors, CSP reports and requests to the outside').toEqual([])
  }
}

const OURS = /^(https?:\/\/127\.0\.0\.1:|ws:\/\/127\.0\.0\.1:|lab:|data:|blob:|about:)/

/** Watches a page from now on. */
export function watch(page: Page): Problems {
  const problems = new Problems()
  page.on('console', (message: ConsoleMessage) => {
    if (message.type() === 'error') problems.add(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.add(`uncaught: ${error.message}`))
  page.on('request', (request) => {
    if (!OURS.test(request.url())) problems.add(`request to the outside: ${request.url()}`)
  })
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? ''
    // A navigation ends what the last page was still loading.
    if (why !== 'net::ERR_ABORTED') problems.add(`request failed: ${request.url()} ${why}`)
  })
  return problems
}
