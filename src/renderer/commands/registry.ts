import { shallowReactive } from 'vue'

export type CommandCategory = 'Run' | 'File' | 'Edit' | 'View' | 'Go' | 'Results' | 'Help'

/**
 * An action of the app. Palette, key help, tooltips, key bindings and the native menu are all made from
 * this one list.
 */
export interface Command {
  /** Stable, e.g. `run.start`. */
  readonly id: string
  /** What it does, e.g. `Run this experiment`. */
  readonly title: string
  readonly category: CommandCategory
  /** In tinykeys' notation, `$mod` for Ctrl or Cmd; the first is the one shown. */
  readonly keys?: readonly string[]
  /** Where keys count: `everywhere` also while typing in the editor or a field. Default `everywhere`. */
  readonly scope?: 'everywhere' | 'outside-text'
  /** Read when shown and before it runs. Default always. */
  readonly enabled?: () => boolean
  /** Kept out of the palette: the commands that open it. */
  readonly hidden?: boolean
  run(): void | Promise<void>
}

const commands = shallowReactive(new Map<string, Command>())

/** Adds a command. An id or a key already taken is a mistake of ours and throws. Answers its removal. */
export function registerCommand(command: Command): () => void {
  if (commands.has(command.id)) throw new Error(`two commands named ${command.id}`)
  for (const key of command.keys ?? []) {
    const other = [...commands.values()].find((known) => known.keys?.includes(key))
    if (other) throw new Error(`${key} is both ${other.id} and ${command.id}`)
  }
  commands.set(command.id, command)
  return () => void commands.delete(command.id)
}

/** All commands in the order of their registration. Reactive. */
export function allCommands(): readonly Command[] {
  return [...commands.values()]
}

/** The command of that id, if any. Reactive. */
export function findCommand(id: string): Command | undefined {
  return commands.get(id)
}

let onFailure: (command: Command, error: unknown) => void = (_command, error) => {
  throw error
}
let afterRun: (command: Command) => void = () => undefined

/** Who is told of a failed command, and of each one that ran (for the palette's "recent"). */
export function observeCommands(observer: {
  failed(command: Command, error: unknown): void
  ran(command: Command): void
}): void {
  onFailure = observer.failed
  afterRun = observer.ran
}

/** Runs a command by id if it is enabled. Never throws for a failing command: the user is told. */
export async function runCommand(id: string): Promise<void> {
  const command = commands.get(id)
  if (!command || command.enabled?.() === false) return
  afterRun(command)
  try {
    await command.run()
  } catch (error) {
    onFailure(command, error)
  }
}
