/** Where the user's experiments, drafts, settings and runs are kept. */
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'

/** Environment variable that names the data folder; tests and shared machines set it. */
export const DATA_VARIABLE = 'CONTPTE_LAB_DATA'

const NAME = 'contpte-lab'

export interface DataDirOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly platform?: NodeJS.Platform
  readonly home?: string
}

/**
 * The data folder: `CONTPTE_LAB_DATA`, else the platform's own place (XDG base directories on Linux
 * and other Unixes, Application Support on macOS, LOCALAPPDATA on Windows).
 */
export function dataDir({
  env = process.env,
  platform = process.platform,
  home = homedir()
}: DataDirOptions = {}): string {
  const named = env[DATA_VARIABLE]
  if (named !== undefined && named !== '') return resolve(named)
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', NAME)
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), NAME)
  // The XDG specification says that a relative path is to be ignored.
  const xdg = env.XDG_DATA_HOME
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local', 'share'), NAME)
}

/** The files and folders of a data folder. */
export interface DataLayout {
  readonly root: string
  readonly experiments: string
  readonly drafts: string
  readonly runs: string
  readonly state: string
  readonly window: string
  readonly log: string
  /** What Electron keeps for itself; its lock makes one app a data folder. */
  readonly electron: string
}

export function layoutOf(root: string): DataLayout {
  return {
    root,
    experiments: join(root, 'experiments'),
    drafts: join(root, 'drafts'),
    runs: join(root, 'runs'),
    state: join(root, 'state.json'),
    window: join(root, 'window.json'),
    log: join(root, 'log.jsonl'),
    electron: join(root, 'electron')
  }
}
