// Runs before the first paint, so that a window of one theme does not flash in the other.
// The stored word is written by theme/apply.ts; the colours themselves come with the styles.
;(() => {
  try {
    const scheme = localStorage.getItem('contpte-lab.scheme')
    if (scheme === 'dark' || scheme === 'light') document.documentElement.style.colorScheme = scheme
  } catch {
    // Without storage the system's scheme is right for the first paint.
  }
})()
