import { useSettingsStore } from '../stores/settings'

/** Follows what the system asks for: dark or light, and more contrast. Answers what ends it. */
export function followSystem(): () => void {
  const settings = useSettingsStore()
  const ends: (() => void)[] = []
  const follow = (query: string, take: (matches: boolean) => void) => {
    const media = matchMedia(query)
    const onChange = () => take(media.matches)
    media.addEventListener('change', onChange)
    ends.push(() => media.removeEventListener('change', onChange))
    onChange()
  }
  follow('(prefers-color-scheme: dark)', (dark) => (settings.systemDark = dark))
  follow('(prefers-contrast: more), (forced-colors: active)', (more) => (settings.systemContrast = more))
  return () => ends.forEach((end) => end())
}
