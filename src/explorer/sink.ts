/** Who hears of successors and of harm while a state is expanded. */
export interface Sink {
  /** `next` of the packed state is a successor. */
  state(choice: number): void
  /** Harm `code` (see `V`) at an entry, by this choice; -1 for no entry of its own. */
  violation(choice: number, code: number, entry: number): void
}
