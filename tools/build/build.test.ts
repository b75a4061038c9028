import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inputHash, listing } from './inputs.mjs'
import { withLock } from './lock.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'contpte-lab-build-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('inputHash', () => {
  it('is the same for the same bytes, and another for each section', () => {
    expect(inputHash('main')).toBe(inputHash('main'))
    expect(new Set([inputHash('main'), inputHash('preload'), inputHash('renderer')]).size).toBe(3)
  })
})

describe('listing', () => {
  it('sees an output that was cut short or removed', () => {
    mkdirSync(join(folder, 'chunks'))
    writeFileSync(join(folder, 'index.js'), 'whole')
    writeFileSync(join(folder, 'chunks', 'a.js'), 'a')
    const before = listing(folder)
    expect(before).toEqual({ 'index.js': 5, 'chunks/a.js': 1 })
    writeFileSync(join(folder, 'index.js'), 'who')
    rmSync(join(folder, 'chunks', 'a.js'))
    expect(listing(folder)).toEqual({ 'index.js': 3 })
  })
})

describe('withLock', () => {
  it('lets one body in at a time', async () => {
    const lock = join(folder, '.lock')
    let inside = 0
    let most = 0
    const body = async () => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside--
    }
    await Promise.all([withLock(lock, body), withLock(lock, body), withLock(lock, body)])
    expect(most).toBe(1)
    expect(existsSync(lock)).toBe(false)
  })

  it('lets go when the body throws', async () => {
    const lock = join(folder, '.lock')
    await expect(withLock(lock, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(existsSync(lock)).toBe(false)
  })

  it('takes over from an owner that died', async () => {
    const lock = join(folder, '.lock')
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    writeFileSync(lock, String(dead))
    expect(await withLock(lock, async () => readFileSync(lock, 'utf8'))).toBe(String(process.pid))
  })

  it('waits for a live owner, and says so once', async () => {
    const lock = join(folder, '.lock')
    const said: string[] = []
    let open = () => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    const first = withLock(lock, () => gate)
    const second = withLock(
      lock,
      async () => 'second',
      (message) => {
        said.push(message)
        open()
      }
    )
    expect(await second).toBe('second')
    await first
    expect(said).toEqual(['waiting for another build to finish'])
  })
})
