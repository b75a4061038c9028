/**
 * One end of a two-way message channel, whatever carries it. Messages are structured-clonable values
 * in which bytes are `Uint8Array`. Nothing is delivered before `onMessage` was called.
 */
export interface Port {
  /** Sends a message; on a closed port it does nothing. */
  post(message: unknown): void
  /** Sets the one listener and starts delivery. */
  onMessage(listener: (message: unknown) => void): void
  /** Calls back once when either side has closed; at once when that has happened already. */
  onClose(listener: () => void): void
  close(): void
}

/** The closing half that every adapter shares: close once, tell everybody once. */
export function closing(): {
  readonly closed: () => boolean
  readonly close: () => void
  readonly onClose: Port['onClose']
} {
  let done = false
  const listeners: (() => void)[] = []
  return {
    closed: () => done,
    close: () => {
      if (done) return
      done = true
      for (const listener of listeners.splice(0)) listener()
    },
    onClose: (listener) => {
      if (done) listener()
      else listeners.push(listener)
    }
  }
}
