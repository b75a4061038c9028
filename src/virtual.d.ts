declare module 'virtual:engine-hash' {
  /** SHA-256 of the engine's normalised sources. */
  export const ENGINE_HASH: string
  /** Version of the package. */
  export const VERSION: string
}

declare module '*?raw' {
  /** The text of the file. */
  const text: string
  export default text
}
