/** Lets the browser save bytes the page has. */
export function download(name: string, bytes: Uint8Array, type: string): void {
  const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  document.body.append(link)
  link.click()
  link.remove()
  // The download has taken its own reference by the next task.
  setTimeout(() => URL.revokeObjectURL(url), 0)
}
