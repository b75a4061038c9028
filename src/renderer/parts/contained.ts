import { defineComponent, h, type Component } from 'vue'
import ErrorBoundary from './ErrorBoundary.vue'

/** A panel's component inside an error boundary of its own. `name` is the panel's title. */
export function contained(name: string, component: Component): Component {
  return defineComponent({
    name: `${name}Panel`,
    inheritAttrs: false,
    setup: () => () => h(ErrorBoundary, { name }, { default: () => h(component) })
  })
}
