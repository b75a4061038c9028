import { shallowReactive } from 'vue'
import { COMMANDS, type CommandEntry, type CommandId } from '../../protocol/commands'

export type CommandCategory = 'File' | 'Run' | 'Edit' | 'View' | 'Go' | 'Step' | 'Results' | 'Help'

/**
 * An action of the app. Palette, key help, tooltips and key bindings are all made from this one list;
 * those of `protocol/commands.ts` are in the native menu too.
 */
export interface Command {
  /** Stable, e.g. `run.start`. */
  readonly id: string
  /** What it does, e.g. `Run this experiment`. */
  readonly title: string
  readonly category: CommandCategory
  /** As `Mod+Shift+P`, where `Mod` is Ctrl or Cmd; the first is the one shown. */
  readonly keys?: readonly string[]
  /** Where its keys count: `everywhere`, also while typing; only `outside-text`; only in the `editor`. Default `everywhere`. */
  readonly scope?: 'everywhere' | 'outside-text' | 'editor'
  /** The editor itself listens for its keys; they are only shown. */
  readonly editorKeys?: boolean
  /**
   * Its keys count only while this holds, and then before those of commands without it. So one key can
   * mean something else while stepping. Default always.
   */
  readonly when?: () => boolean
  /** Read when shown and before it runs. Default always. */
  readonly enabled?: () => boolean
  run(): void | Promise<void>
}

const commands = shallowReactive(new Map<string, Command>())

/** Adds a command. An id or a key already taken is a mistake of ours and throws. Answers its removal. */
export function registerCommand(command: Command): () => void {
  if (commands.has(command.id)) throw new Error(`two commands named ${command.id}`)
  for (const key of command.keys ?? []) {
    const other = [...commands.values()].find(
      (known) => known.keys?.includes(key) && (known.when === undefined) === (command.when === undefined)
    )
    if (other) throw new Error(`${key} is both ${other.id} and ${command.id}`)
  }
  commands.set(command.id, command)
  return () => void commands.delete(command.id)
}

/** Gives a command of the shared list (title, menu and keys are there) what it does. Answers its removal. */
export function implementCommand(
  id: CommandId,
  run: Command['run'],
  options: Pick<Command, 'enabled' | 'scope' | 'editorKeys'> = {}
): () => void {
  const entry = COMMANDS.find((known) => known.id === id) as CommandEntry
  return registerCommand({ id, title: entry.title, category: entry.menu, keys: entry.keys, ...options, run })
}

/** All commands in the order of their registration. Reactive. */
export function allCommands(): readonly Command[] {
  return [...commands.values()]
}

/** The command of that id, if any. Reactive. */
export function findCommand(id: string): Command | undefined {
  return commands.get(id)
}

/** Whether a command exists and may run now. Reactive where its `enabled` is. */
export function isEnabled(id: string): boolean {
  const command = commands.get(id)
  return command !== undefined && command.enabled?.() !== false
}

let onFailure: (command: Command, error: unknown) => void = (_command, error) => {
  throw error
}
let onRun: (command: Command) => void = () => undefined

/** Who is told of a failed command, and of each one that starts (for the palette's "recent"). */
export function observeCommands(observer: {
  failed(command: Command, error: unknown): void
  ran(command: Command): void
}): void {
  onFailure = observer.failed
  onRun = observer.ran
}

/** Runs a command by id if it is enabled. Never rejects for a failing command: the user is told. */
export async function runCommand(id: string): Promise<void> {
  const command = commands.get(id)
  if (!command || command.enabled?.() === false) return
  onRun(command)
  try {
    await command.run()
  } catch (error) {
    onFailure(command, error)
  }
}
