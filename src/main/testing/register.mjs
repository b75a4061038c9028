/** `node --import register.mjs`: whoever imports `electron` gets the double. */
import { register } from 'node:module'

const hook = `export async function resolve(specifier, context, next) {
  return specifier === 'electron'
    ? { url: ${JSON.stringify(new URL('./double.mjs', import.meta.url).href)}, shortCircuit: true }
    : next(specifier, context)
}`
register(`data:text/javascript,${encodeURIComponent(hook)}`)
