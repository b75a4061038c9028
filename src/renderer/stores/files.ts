import { defineStore } from 'pinia'
import type { ExperimentEntry } from '../../protocol/services'
import { host } from '../platform/clients-in-use'
import { useDocumentsStore, type OpenDocument } from './documents'
import { useLibraryStore } from './library'
import { useNoticesStore } from './notices'

/** What a new experiment starts as: it runs as it stands. */
export const TEMPLATE = `import { experiment } from 'contpte-lab'

export default experiment({
  title: 'New experiment',
  claim: 'Forking a folded region does not unfold it',
  parameters: { kernel: ['contpte-unbatched', 'contpte-v2'] },

  run({ parameters, machine, record, expect }) {
    const m = machine({ kernel: parameters.kernel })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    parent.mmap({ bytes: '2MiB' }).write()
    const child = parent.fork()
    record('unfolds', m.counters.unfold)
    expect(m.counters.unfold, 'blocks unfolded by fork').toBe(0)
    child.exit()
  }
})
`

/** Opening, saving, copying and deleting experiments: what touches both the library and the tabs. */
export const useFilesStore = defineStore('files', () => {
  const documents = useDocumentsStore()
  const library = useLibraryStore()
  const notices = useNoticesStore()

  /** Opens an experiment in a tab, or goes to its tab. */
  async function open(id: string): Promise<void> {
    if (documents.documents.some((known) => known.id === id)) {
      documents.activeKey = documents.documents.find((known) => known.id === id)?.key
      return
    }
    const { entry, text } = await host().readExperiment({ id })
    documents.add(entry, text)
  }

  /**
   * Saves the active experiment, asking nothing. An example is read-only: its text goes to a copy in
   * the user's library, and the tab goes on with that copy.
   */
  async function save(): Promise<void> {
    const document = documents.active
    if (!document) return
    if (!documents.isDirty(document) && !document.readOnly) {
      notices.announce(`${document.file} is saved already`)
      return
    }
    const { text, id } = document
    const entry = await host().saveExperiment({ id, text })
    adopt(document, entry, text)
    await host().discardDraft({ id })
    await library.refresh()
    if (entry.id === id) {
      notices.announce(`Saved ${entry.file}`)
      return
    }
    const what = document.readOnly ? `The example is unchanged; you go on in your copy.` : undefined
    notices.notify({
      tone: 'good',
      text: `Saved to your library as ${entry.file}`,
      details: what,
      key: 'saved'
    })
    notices.announce(`Saved to your library as ${entry.file}`)
  }

  function adopt(document: OpenDocument, entry: ExperimentEntry, saved: string): void {
    const { id, file, title, readOnly } = entry
    documents.patch(document.key, { id, file, title, readOnly, saved, recovered: false })
  }

  /** Saves a copy of the active experiment under a new name and opens it in a tab of its own. */
  async function duplicate(): Promise<void> {
    const document = documents.active
    if (!document) return
    await addCopy(document.id, document.text)
  }

  /** Starts an experiment that runs as it stands, in the user's library. */
  async function create(): Promise<void> {
    await addCopy('yours/experiment.ts', TEMPLATE)
  }

  /** Puts a script that the app wrote into the user's library, under a name like `file`, and opens it. */
  async function createFrom(file: string, text: string): Promise<void> {
    await addCopy(`yours/${file}`, text)
  }

  async function addCopy(id: string, text: string): Promise<void> {
    const entry = await host().duplicateExperiment({ id, text })
    documents.add(entry, text)
    await library.refresh()
    notices.announce(`Created ${entry.file}`)
  }

  /** Closes a tab. What was not saved stays as a draft, and comes back with the next start. */
  async function close(key: string): Promise<void> {
    const document = documents.find(key)
    if (!document) return
    documents.remove(key)
    if (!documents.isDirty(document)) return
    const { id, text, caret, saved } = document
    await host().saveDraft({ id, text, caret, base: saved })
    notices.notify({
      tone: 'info',
      text: `Closed ${document.file} with unsaved changes; they are kept`,
      action: { label: 'Open again', run: () => reopen(document) },
      key: `closed:${key}`
    })
  }

  async function reopen(document: OpenDocument): Promise<void> {
    const { entry, text } = await host().readExperiment({ id: document.id })
    documents.add(entry, text, { text: document.text, caret: document.caret })
  }

  /** Deletes an experiment of the user's from the library and closes its tab. */
  async function remove(key: string): Promise<void> {
    const document = documents.find(key)
    if (!document || document.readOnly) return
    await host().deleteExperiment({ id: document.id })
    await host().discardDraft({ id: document.id })
    documents.remove(key)
    await library.refresh()
    notices.announce(`Deleted ${document.file}`)
  }

  return { open, save, duplicate, create, createFrom, close, remove }
})
