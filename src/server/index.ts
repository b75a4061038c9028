/** The web shell as a module for `npm start`, the CLI's `serve` and the end-to-end tests. */
export { serve, type ServeOptions, type Serving } from './serve'
