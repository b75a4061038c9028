/** What `tools/fuzz.mjs` needs of the bundle: single worlds in this thread. */
export { MUTANTS } from './mutants'
export { planText } from './plan'
export { runWorld, shrink, WORLD_STEPS } from './session'
