import { shallowRef } from 'vue'

/** The script's line that the step at the cursor belongs to, and whose tab it is in. */
export interface CurrentLine {
  readonly key: string
  readonly line: number
}

/** Shown by the editors; the trace sets it. */
export const currentLine = shallowRef<CurrentLine>()

export function showCurrentLine(line: CurrentLine | undefined): void {
  if (line?.key === currentLine.value?.key && line?.line === currentLine.value?.line) return
  currentLine.value = line
}
