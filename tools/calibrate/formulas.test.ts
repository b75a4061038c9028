import { describe, expect, it } from 'vitest'
import { forkFormulas } from './formulas'

describe('forkFormulas', () => {
  it('gives the worked example E1 of the reference for one folded 16-page folio', () => {
    // fork.md section 8, E1; the final flush (1 TLBI, 1 DSB pair) is not part of the example.
    expect(forkFormulas('contpte-unbatched', 16)).toMatchObject({
      read: 128 + 32,
      cas: 16,
      xchg: 32 + 16,
      write: 32 + 32,
      tlbi: 48 + 1,
      dsbIsh: 3 + 1,
      folioRef: 16
    })
    expect(forkFormulas('contpte-v2', 16)).toMatchObject({
      read: 305 + 17,
      cas: 16,
      xchg: 0,
      write: 16,
      tlbi: 0 + 1,
      folioRef: 1
    })
    expect(forkFormulas('no-contpte', 16)).toMatchObject({ read: 48, cas: 16, write: 16, folioRef: 16 })
  })

  it('refuses a kernel the reference has no column for', () => {
    expect(() => forkFormulas('linux-9.9', 16)).toThrow(/linux-9.9/)
  })
})
