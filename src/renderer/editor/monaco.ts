import * as monaco from 'monaco-editor/editor'
import 'monaco-editor/features/register.all'
import 'monaco-editor/languages/definitions/typescript/register'
import { typescriptDefaults } from 'monaco-editor/languages/features/typescript/register'
import EditorWorker from 'monaco-editor/editor/editor.worker?worker'
import TsWorker from 'monaco-editor/languages/features/typescript/ts.worker?worker'
import compilerOptions from '../../../resources/api/compiler-options.json'
import agentTypes from '../../../resources/api/agents.d.ts?raw'
import apiTypes from '../../../resources/api/contpte-lab.d.ts?raw'
import hugePageTypes from '../../../resources/api/huge-pages.d.ts?raw'
import machineTypes from '../../../resources/api/machine.d.ts?raw'
import modelTypes from '../../../resources/api/models.d.ts?raw'
import type { ThemeName } from '../theme/tokens'
import { monacoTheme } from './theme'

// Workers come from our own origin: the page's CSP allows no other, and no blob.
self.MonacoEnvironment = {
  getWorker: (_id: string, label: string) =>
    label === 'typescript' || label === 'javascript' ? new TsWorker() : new EditorWorker()
}

// The very settings a run is checked with, so that the margin and the run agree.
// The compiler's API names libraries by file, its settings by word.
const lib = compilerOptions.lib.map((name) => `lib.${name}.d.ts`)
typescriptDefaults.setCompilerOptions({ ...compilerOptions, lib })
typescriptDefaults.setEagerModelSync(true)
typescriptDefaults.setDiagnosticsOptions({ onlyVisible: false })
typescriptDefaults.addExtraLib(
  [apiTypes, machineTypes, agentTypes, hugePageTypes, modelTypes].join('\n'),
  'file:///node_modules/contpte-lab/index.d.ts'
)

/** Draws every editor in a theme's colours. */
export function useMonacoTheme(name: ThemeName): void {
  const theme = `lab-${name}`
  monaco.editor.defineTheme(theme, monacoTheme(name))
  monaco.editor.setTheme(theme)
}

export { monaco }
