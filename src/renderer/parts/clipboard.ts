import { useNoticesStore } from '../stores/notices'

/** Puts text on the clipboard and says so, or says why it could not. `what`: `15 rows as TSV`. */
export async function copyText(text: string, what: string): Promise<void> {
  const notices = useNoticesStore()
  try {
    await navigator.clipboard.writeText(text)
    notices.announce(`Copied ${what}`)
  } catch (error) {
    notices.fail(`Could not copy ${what}`, error)
  }
}
