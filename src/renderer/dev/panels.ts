/**
 * Panels alone, with made-up data, for looking at them: in the development server open
 * `/dev/panels.html?panel=fork&theme=light&run=torn`. Several panels: `panel=verdicts,fork`.
 * Not part of the build.
 */
import '@fontsource-variable/inter/index.css'
import '@fontsource/jetbrains-mono/400.css'
import '@vscode/codicons/dist/codicon.css'
import '../theme/base.css'
import { createPinia } from 'pinia'
import { createApp, defineComponent, h } from 'vue'
import { PANELS } from '../panels/registry'
import { useClients } from '../platform/clients-in-use'
import { fakeClients } from '../platform/fake'
import { fromRecord } from '../stores/live-run'
import { useRunsStore } from '../stores/runs'
import { useTraceStore } from '../stores/trace'
import { useSettingsStore } from '../stores/settings'
import { applyTheme } from '../theme/apply'
import type { ThemeName } from '../theme/tokens'
import { FakeTrace, fakeTraces } from './fake-traces'
import { sampleFork, sampleRun, sampleSummary } from './sample'

const query = new URLSearchParams(location.search)
const wanted = (query.get('panel') ?? 'verdicts').split(',')
const kind = query.get('run') ?? 'plain'

const size = Number(query.get('entries') ?? 64)
const traces = fakeTraces(['contpte-v2', 'contpte-unbatched'].map((kernel) => new FakeTrace(kernel, size)))
const clients = fakeClients({ traces })
clients.simulator.call.forkView = ({ cell }) =>
  Promise.resolve(sampleFork(String(sampleRun().cells[cell].parameters.kernel), kind === 'torn'))
useClients(clients)

const Frame = defineComponent({
  setup: () => () =>
    h(
      'div',
      {
        style: {
          display: 'flex',
          flexDirection: query.has('rows') ? 'column' : 'row',
          height: '100vh'
        }
      },
      wanted.map((id) => {
        const panel = PANELS.find((known) => known.id === id)
        return h(
          'section',
          { style: { flex: 1, minWidth: 0, minHeight: 0, borderRight: '1px solid var(--line)' } },
          [panel ? h(panel.component) : `no panel ${id}`]
        )
      })
    )
})

const app = createApp(Frame).use(createPinia())
const theme = (query.get('theme') ?? 'dark') as ThemeName
applyTheme(theme)
useSettingsStore().change({
  theme: theme === 'light' ? 'light' : theme === 'dark' ? 'dark' : 'high-contrast'
})
const runs = useRunsStore()
if (kind !== 'none') runs.current = fromRecord(sampleRun(kind === 'failing'))
if (kind === 'huge') {
  const rows = Array.from({ length: 100_000 }, (_, n) => ({
    parameters: { kernel: `k${n % 4}`, n: Math.floor(n / 4) },
    metric: 'fork',
    value: n * 1.5,
    unit: 'ns'
  }))
  runs.current = { ...fromRecord(sampleRun()), rows }
}
if (kind === 'partial') runs.current = { ...fromRecord(sampleRun()), status: 'cancelled', partial: '2/15' }
runs.summaries = [
  sampleSummary('r2', { failed: 2, passed: 23 }),
  sampleSummary('r1'),
  sampleSummary('r0', { status: 'cancelled', cellsDone: 2, passed: 2 }),
  sampleSummary('rl', { status: 'lost', cellsDone: 4, startedAt: new Date(2026, 10, 22, 8).toISOString() })
]
if (query.has('trace')) {
  const keys = [0, 1].slice(0, Number(query.get('trace'))).map((cell) => ({ runId: 'r1', cell }))
  await useTraceStore().open(keys, Number(query.get('at') ?? 0))
}
app.mount('#app')
