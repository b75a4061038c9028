/** The experiment library: read-only examples that come with the app, and the user's own. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_SCRIPT_CHARS } from '../protocol/limits'
import type { ExperimentEntry } from '../protocol/services'
import { HostError } from './error'
import { isMissing, namesIn, removeFile, writeFileAtomic } from './files'
import { scanHeader } from './header-scan'

const EXAMPLES = 'examples'
const YOURS = 'yours'
const EXTENSION = '.ts'
/** One path component that every file system takes and no shell or archive trips over. */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,120}\.ts$/
const TOPICS = { [EXAMPLES]: 'Examples', [YOURS]: 'Yours' } as const

type Shelf = keyof typeof TOPICS

export interface LibraryOptions {
  /** Folder of the examples that come with the app. */
  readonly examples: string
  /** Folder of the user's own experiments. */
  readonly yours: string
}

export class Library {
  readonly #folders: Readonly<Record<Shelf, string>>
  /** Saves choose free names: one at a time, or two of them choose the same. */
  #saving: Promise<unknown> = Promise.resolve()

  constructor({ examples, yours }: LibraryOptions) {
    this.#folders = { [EXAMPLES]: examples, [YOURS]: yours }
  }

  /** All experiments: examples first, then the user's own, each by topic and title. */
  async list(): Promise<ExperimentEntry[]> {
    const shelves = await Promise.all([this.#shelf(EXAMPLES), this.#shelf(YOURS)])
    return shelves.flat()
  }

  /** @throws HostError `bad-id`, `not-found`, `too-large` */
  async read(id: string): Promise<{ entry: ExperimentEntry; text: string }> {
    const { shelf, file } = parseId(id)
    const text = await this.#text(shelf, file)
    return { entry: entryOf(shelf, file, text), text }
  }

  /**
   * Saves text under an id and answers the entry saved to. `yours/...` is written in place; an example
   * and a tab without a file (`untitled:<n>`) get a new file under `yours/`.
   * @throws HostError `bad-id`, `bad-data`
   */
  save(id: string, text: string): Promise<ExperimentEntry> {
    return this.#write(id, text, false)
  }

  /** Saves a copy under a new name in `yours/`. */
  duplicate(id: string, text: string): Promise<ExperimentEntry> {
    return this.#write(id, text, true)
  }

  /** @throws HostError `bad-id`, `read-only`, `not-found` */
  async delete(id: string): Promise<void> {
    const { shelf, file } = parseId(id)
    if (shelf === EXAMPLES) throw new HostError('read-only', `${file} is an example and cannot be deleted`)
    await this.#text(shelf, file)
    await removeFile(join(this.#folders[shelf], file))
  }

  async #shelf(shelf: Shelf): Promise<ExperimentEntry[]> {
    const entries: ExperimentEntry[] = []
    for (const file of await namesIn(this.#folders[shelf])) {
      if (!FILE_NAME.test(file) || file.endsWith('.d.ts') || file.endsWith('.test.ts')) continue
      try {
        entries.push(entryOf(shelf, file, await this.#text(shelf, file)))
      } catch {
        // One file that cannot be read (a folder of that name, no permission) hides no other.
        continue
      }
    }
    return entries.sort(
      (a, b) => compare(a.topic, b.topic) || compare(a.title, b.title) || compare(a.file, b.file)
    )
  }

  async #text(shelf: Shelf, file: string): Promise<string> {
    let text
    try {
      text = await readFile(join(this.#folders[shelf], file), 'utf8')
    } catch (error) {
      if (isMissing(error)) throw new HostError('not-found', `There is no experiment ${shelf}/${file}`)
      throw error
    }
    if (text.length > MAX_SCRIPT_CHARS)
      throw new HostError('too-large', `${file} is longer than ${MAX_SCRIPT_CHARS} characters`)
    return text
  }

  #write(id: string, text: string, copy: boolean): Promise<ExperimentEntry> {
    const job = async (): Promise<ExperimentEntry> => {
      const file = await this.#target(id, text, copy)
      await writeFileAtomic(join(this.#folders[YOURS], file), text, { durable: true })
      return entryOf(YOURS, file, text)
    }
    const saved = this.#saving.then(job, job)
    this.#saving = saved
    return saved
  }

  async #target(id: string, text: string, copy: boolean): Promise<string> {
    if (/^untitled:\d+$/.test(id)) return this.#freeName(slug(scanHeader(text).title) ?? 'experiment')
    const { shelf, file } = parseId(id)
    const base = file.slice(0, -EXTENSION.length)
    return copy || shelf === EXAMPLES ? this.#freeName(`${base}-copy`) : file
  }

  /**
   * `name.ts`, or `name-2.ts`, `name-3.ts`, ... the first that exists on no shelf: runs are known by
   * the file's name, so an example and its copy never share one.
   */
  async #freeName(name: string): Promise<string> {
    const names = await Promise.all([namesIn(this.#folders[YOURS]), namesIn(this.#folders[EXAMPLES])])
    const taken = new Set(names.flat().map((each) => each.toLowerCase()))
    for (let n = 1; ; n++) {
      const file = `${n === 1 ? name : `${name}-${n}`}${EXTENSION}`
      if (!taken.has(file.toLowerCase())) return file
    }
  }
}

function parseId(id: string): { shelf: Shelf; file: string } {
  const [shelf, file, ...more] = id.split('/')
  if (
    (shelf !== EXAMPLES && shelf !== YOURS) ||
    file === undefined ||
    more.length > 0 ||
    !FILE_NAME.test(file)
  )
    throw new HostError(
      'bad-id',
      `Not the id of an experiment: ${JSON.stringify(id.slice(0, 200))}`,
      'An id is examples/<file>.ts or yours/<file>.ts.'
    )
  return { shelf, file }
}

function entryOf(shelf: Shelf, file: string, text: string): ExperimentEntry {
  const { title, claim, source, topic } = scanHeader(text)
  return {
    id: `${shelf}/${file}`,
    file,
    title: title || file.slice(0, -EXTENSION.length),
    ...(claim ? { claim } : {}),
    ...(source ? { source } : {}),
    topic: (shelf === EXAMPLES && topic) || TOPICS[shelf],
    readOnly: shelf === EXAMPLES
  }
}

function slug(title: string | undefined): string | undefined {
  const words = (title ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return (
    words
      .replace(/^-+|-+$/g, '')
      .slice(0, 60)
      .replace(/-+$/, '') || undefined
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
