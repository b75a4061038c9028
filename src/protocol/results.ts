/** The shapes of results, for windows: the renderer imports only `protocol`. */
export * from '../lab/results/types'
