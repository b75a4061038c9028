/** Families of cases: the longest of these that begins the id. */
export const FAMILIES = [
  'A',
  'B',
  'C',
  'D',
  'D.swap',
  'R.mm',
  'R.pmd',
  'R.swap',
  'F.hugetlb',
  'F.vmemmap',
  'F.mte',
  'G',
  'E.boot',
  'E.tree',
  'E.write',
  'E.B',
  'E.C',
  'E.D',
  'E.R',
  'E.swap',
  'E.hugetlb',
  'E.mte'
] as const

/** The family of a case; of an id that none begins, its first part. */
export function familyOf(id: string): string {
  let found = ''
  for (const family of FAMILIES) {
    const begins = id === family || id.startsWith(`${family}.`)
    if (begins && family.length > found.length) found = family
  }
  return found === '' ? id.split('.')[0] : found
}
