import { experiment } from 'contpte-lab'

// thp-sysfs.md sections 2 and 3: what was written where, and the errno or the text read back.
const WRITES: readonly (readonly [file: string, value: string, answer: string])[] = [
  ['hugepages-64kB/enabled', 'always', '[always] inherit madvise never\n'],
  ['hugepages-64kB/enabled', 'inherit\n', 'always [inherit] madvise never\n'],
  ['hugepages-64kB/enabled', 'madvise', 'always inherit [madvise] never\n'],
  ['hugepages-64kB/enabled', 'never', 'always inherit madvise [never]\n'],
  ['hugepages-64kB/enabled', 'Always', 'EINVAL'],
  ['hugepages-64kB/enabled', ' always', 'EINVAL'],
  ['hugepages-64kB/enabled', 'always\n\n', 'EINVAL'],
  ['hugepages-64kB/enabled', 'alw', 'EINVAL'],
  ['hugepages-64kB/enabled', '\n', 'EINVAL'],
  ['hugepages-64kB/enabled', '[always]', 'EINVAL'],
  ['enabled', 'madvise', 'always [madvise] never\n'],
  ['enabled', 'inherit', 'EINVAL'],
  ['hugepages-2048kB/enabled', 'inherit', 'always [inherit] madvise never\n'],
  ['hugepages-8kB/enabled', 'always', 'ENOENT'],
  ['hugepages-96kB/enabled', 'always', 'ENOENT'],
  ['hugepages-4096kB/enabled', 'always', 'ENOENT'],
  ['hpage_pmd_size', '4096', 'EACCES'],
  ['hugepages-64kB', 'always', 'EISDIR']
]

export default experiment({
  title: 'What the per-size files accept',
  topic: 'Per-size THP',
  claim:
    'A write is one exact keyword with at most one newline; anything else is refused with EINVAL and changes nothing.',
  source: 'Ryan Roberts, "Multi-size THP for anonymous memory", v9, Dec 2023 (merged for 6.8)',

  run({ machine, expect }) {
    const m = machine({ kernel: 'contpte-v2' })
    for (const [file, value, answer] of WRITES) {
      let found: unknown
      try {
        m.sysfs.write(file, value)
        found = m.sysfs.read(file)
      } catch (error) {
        found = error instanceof Error && 'code' in error ? error.code : error
      }
      expect(found, `${JSON.stringify(value)} to ${file}`).toBe(answer)
    }

    m.sysfs.write('hugepages-64kB/enabled', 'madvise')
    try {
      m.sysfs.write('hugepages-64kB/enabled', 'sometimes')
    } catch {
      // refused, as the table above says
    }
    expect(m.sysfs.read('hugepages-64kB/enabled'), 'a refused write changes nothing').toBe(
      'always inherit [madvise] never\n'
    )
    expect(m.sysfs.read('hpage_pmd_size'), 'hpage_pmd_size').toBe('2097152\n')
  }
})
