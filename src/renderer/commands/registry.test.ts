import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { COMMANDS } from '../../protocol/commands'
import { ariaKey, displayKey, isKey } from './keys'
import {
  allCommands,
  implementCommand,
  isEnabled,
  observeCommands,
  registerCommand,
  runCommand
} from './registry'

const press = (init: Partial<KeyboardEvent>) =>
  ({
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    code: '',
    getModifierState: (name: string) =>
      ({ Control: init.ctrlKey, Meta: init.metaKey, Alt: init.altKey, Shift: init.shiftKey })[name] ?? false,
    ...init
  }) as KeyboardEvent

describe('keys', () => {
  it('reads modifiers exactly', () => {
    expect(isKey(press({ key: 'Enter', ctrlKey: true }), 'Mod+Enter')).toBe(true)
    expect(isKey(press({ key: 'Enter' }), 'Mod+Enter')).toBe(false)
    expect(isKey(press({ key: 'P', ctrlKey: true, shiftKey: true }), 'Mod+Shift+P')).toBe(true)
    expect(isKey(press({ key: 'P', ctrlKey: true, shiftKey: true }), 'Mod+P')).toBe(false)
    expect(isKey(press({ key: 'F5', shiftKey: true }), 'F5')).toBe(false)
  })

  it('reads a key by its place where a modifier changes the sign', () => {
    expect(isKey(press({ key: 'ƒ', code: 'KeyF', altKey: true, shiftKey: true }), 'Shift+Alt+KeyF')).toBe(
      true
    )
  })

  it('takes a lone sign as typed, whatever modifier the keyboard needs', () => {
    expect(isKey(press({ key: '?', shiftKey: true }), '?')).toBe(true)
    expect(isKey(press({ key: '?' }), '?')).toBe(true)
    expect(isKey(press({ key: '?', ctrlKey: true }), '?')).toBe(false)
  })

  it('shows keys as each system writes them', () => {
    expect(displayKey('Mod+Shift+P', false)).toBe('Ctrl+Shift+P')
    expect(displayKey('Mod+Shift+P', true)).toBe('⌘⇧P')
    expect(displayKey('Mod+Comma', false)).toBe('Ctrl+,')
    expect(displayKey('Shift+Alt+KeyF', false)).toBe('Shift+Alt+F')
    expect(ariaKey('Mod+Enter', false)).toBe('Control+Enter')
  })

  it('gives no key of the shared list to two commands', () => {
    const keys = COMMANDS.flatMap((command) => [...command.keys])
    expect(keys.length).toBe(new Set(keys).size)
  })
})

describe('commands', () => {
  const undo: (() => void)[] = []
  const failed = vi.fn()
  const ran = vi.fn()

  beforeEach(() => observeCommands({ failed, ran }))
  afterEach(() => {
    undo.splice(0).forEach((remove) => remove())
    vi.clearAllMocks()
  })

  it('takes title and keys of a shared command from the shared list', () => {
    undo.push(implementCommand('run.start', () => undefined))
    expect(allCommands()).toMatchObject([
      { id: 'run.start', title: 'Run', category: 'Run', keys: ['Mod+Enter', 'F5'] }
    ])
  })

  it('refuses a second command of one id or one key', () => {
    const run = () => undefined
    undo.push(registerCommand({ id: 'a', title: 'A', category: 'View', keys: ['F9'], run }))
    expect(() => registerCommand({ id: 'a', title: 'B', category: 'View', run })).toThrow(
      'two commands named a'
    )
    expect(() => registerCommand({ id: 'b', title: 'B', category: 'View', keys: ['F9'], run })).toThrow(
      'F9 is both'
    )
  })

  it('does not run what is not enabled', async () => {
    const run = vi.fn()
    undo.push(registerCommand({ id: 'a', title: 'A', category: 'View', enabled: () => false, run }))
    await runCommand('a')
    expect(isEnabled('a')).toBe(false)
    expect(run).not.toHaveBeenCalled()
    expect(ran).not.toHaveBeenCalled()
  })

  it('tells of a failure instead of throwing', async () => {
    const error = new Error('no')
    undo.push(registerCommand({ id: 'a', title: 'A', category: 'View', run: () => Promise.reject(error) }))
    await runCommand('a')
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ id: 'a' }), error)
  })
})

describe('a key that means something else at times', () => {
  const ends: (() => void)[] = []
  afterEach(() => ends.splice(0).forEach((end) => end()))
  const add = (id: string, when?: () => boolean) =>
    ends.push(
      registerCommand({
        id,
        title: id,
        category: 'Run',
        keys: ['F4'],
        run: () => undefined,
        ...(when ? { when } : {})
      })
    )

  it('may be one without and one with a condition', () => {
    add('always')
    add('sometimes', () => true)
    expect(() => add('never', () => false)).toThrow(/F4/)
  })
})
