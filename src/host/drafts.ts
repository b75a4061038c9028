/** Unsaved text of open tabs, one file each, so that nothing typed is lost. */
import { createHash } from 'node:crypto'
import { readFile, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import { MAX_DRAFTS } from '../protocol/limits'
import { draft as draftSchema } from '../protocol/schemas/host'
import type { Draft } from '../protocol/services'
import { HostError } from './error'
import { namesIn, removeFile, writeFileAtomic } from './files'

const SUFFIX = '.json'

/** Drafts in the folder `folder`. */
export class Drafts {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Ids hold slashes and colons: the file is named by their hash. */
  #path(id: string): string {
    return join(this.#folder, `${createHash('sha256').update(id).digest('hex').slice(0, 32)}${SUFFIX}`)
  }

  async load(): Promise<Draft[]> {
    const drafts: Draft[] = []
    for (const name of await namesIn(this.#folder)) {
      if (!name.endsWith(SUFFIX) || name.startsWith('.')) continue
      const path = join(this.#folder, name)
      try {
        drafts.push(v.parse(draftSchema, JSON.parse(await readFile(path, 'utf8'))))
      } catch {
        // Kept for a person to look at; it may hold text.
        await rename(path, `${path}.broken`).catch(() => undefined)
      }
    }
    return drafts.slice(0, MAX_DRAFTS)
  }

  /** @throws HostError `too-many-drafts` */
  async save(draft: Draft): Promise<void> {
    const path = this.#path(draft.id)
    const others = (await namesIn(this.#folder)).filter(
      (name) => name.endsWith(SUFFIX) && name !== basename(path)
    )
    if (others.length >= MAX_DRAFTS)
      throw new HostError(
        'too-many-drafts',
        `More than ${MAX_DRAFTS} experiments have unsaved text`,
        'Save or close some of them.'
      )
    await writeFileAtomic(path, JSON.stringify(draft), { durable: true })
  }

  async discard(id: string): Promise<void> {
    await removeFile(this.#path(id))
  }
}
