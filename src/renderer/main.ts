import '@fontsource-variable/inter/index.css'
import '@fontsource/jetbrains-mono/400.css'
import '@fontsource/jetbrains-mono/600.css'
import '@vscode/codicons/dist/codicon.css'
import 'dockview-vue/dist/styles/dockview.css'
import './theme/base.css'
import './theme/dock.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { focusEditor } from './editor/focus'
import { connect } from './platform/connect'
import { useClients } from './platform/clients-in-use'
import { followHost, showUnreachable } from './platform/follow-host'
import { startSession } from './session'
import { useDocumentsStore } from './stores/documents'
import { useNoticesStore } from './stores/notices'
import { offerTestHook } from './testing'
import { followSystem } from './theme/system'

let started = false
const app = createApp(App).use(createPinia())
// An error of one component must be seen, not swallowed, and must not stop the others.
app.config.errorHandler = (error) => {
  console.error(error)
  useNoticesStore().fail('Something in the window went wrong; your text and runs are kept', error)
}
followSystem()
offerTestHook(() => started)

const clients = await (import.meta.env.DEV && new URLSearchParams(location.search).has('fake')
  ? import('./platform/fake').then(({ fakeClients }) => fakeClients())
  : connect().catch((error: unknown) => {
      showUnreachable(error)
      throw error
    }))
useClients(clients)
followHost(clients.host)
const session = startSession()
await session
app.mount('#app')
focusEditor(useDocumentsStore().activeKey)
started = true
