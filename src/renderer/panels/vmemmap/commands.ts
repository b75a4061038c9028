/** What can be done with the sequences on screen; also in the palette. */
import { registerCommand, type Command } from '../../commands/registry'
import { dock } from '../../layout/dock'
import { useDocumentsStore } from '../../stores/documents'
import { useShellStore } from '../../stores/shell'
import { useVmemmapStore } from './view-store'

function add(id: string, title: string, enabled: () => boolean, run: Command['run']): void {
  registerCommand({ id: `vmemmap.${id}`, title: `Vmemmap: ${title}`, category: 'Step', enabled, run })
}

/** The sides that a command is about: those with a counterexample. */
function told(): number[] {
  const store = useVmemmapStore()
  return store.sides.filter((side) => store.explorations[side].answer?.counterexample !== undefined)
}
const shown = () => useVmemmapStore().sides.length > 0
const running = () => useVmemmapStore().explorations.some(({ id }) => id !== undefined)

function move(by: number): void {
  const store = useVmemmapStore()
  for (const side of told()) store.goTo(side, store.explorations[side].at + by)
}

add('explore', 'explore all interleavings', shown, () => useVmemmapStore().exploreAll())
add('cancel', 'cancel exploring', running, async () => {
  const store = useVmemmapStore()
  await Promise.all(store.sides.map((side) => store.cancel(side)))
})
add(
  'next',
  'next step of the counterexample',
  () => told().length > 0,
  () => move(1)
)
add(
  'previous',
  'previous step of the counterexample',
  () => told().length > 0,
  () => move(-1)
)
add(
  'experiment',
  'counterexample as an experiment',
  () => told().length > 0,
  () => useVmemmapStore().openExperiment(told()[0])
)
add(
  'model',
  'show the model in the editor',
  () => useDocumentsStore().active !== undefined,
  () => {
    const key = useDocumentsStore().activeKey
    if (key === undefined) return
    useVmemmapStore().choose(0, { kind: 'script', key })
    dock.show('vmemmap', useShellStore().preset)
  }
)
