import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { decodeDescriptor } from './descriptor'

const bit = (n: number) => 1n << BigInt(n)
const hex = (value: bigint) => value.toString(16)
/** Shared writable user page, clean: USER, RDONLY, AF, SH, nG, WRITE, PXN, UXN (reference, architecture 2). */
const CLEAN =
  bit(0) | bit(1) | bit(6) | bit(7) | bit(8) | bit(9) | bit(10) | bit(11) | bit(51) | bit(53) | bit(54)
const fieldOf = (raw: bigint, name: string, pageSize = 4096) =>
  decodeDescriptor(hex(raw), pageSize).fields.find((field) => field.name === name)

describe('decodeDescriptor', () => {
  it.each([
    ['clean writable', CLEAN, 'writable page, clean'],
    ['dirty by hardware: WRITE and not RDONLY', CLEAN & ~bit(7), 'writable page, dirty'],
    ['dirty by software', CLEAN | bit(55), 'writable page, dirty'],
    ['read-only after fork, dirty kept in software', (CLEAN & ~bit(51)) | bit(55), 'read-only page, dirty'],
    ['read-only, clean', CLEAN & ~bit(51), 'read-only page, clean']
  ])('%s', (_why, raw, title) => expect(decodeDescriptor(hex(raw), 4096).title).toBe(title))

  it('knows entries that hardware does not walk', () => {
    expect(decodeDescriptor('0', 4096)).toMatchObject({ kind: 'none', fields: [] })
    expect(decodeDescriptor(hex(bit(0)), 4096).kind).toBe('reserved')
    expect(decodeDescriptor(hex(bit(58) | bit(7) | bit(11)), 4096).kind).toBe('prot-none')
  })

  it('reads swap entries as Linux 6.1 to 6.9 writes them', () => {
    const raw = (5n << 3n) | bit(2) | (1234n << 8n)
    expect(decodeDescriptor(hex(raw), 4096).kind).toBe('swap')
    expect(fieldOf(raw, 'swap type')).toMatchObject({ bits: '7:3', meaning: 'swap device 5' })
    expect(fieldOf(raw, 'swap offset')).toMatchObject({ meaning: 'slot 1,234' })
    expect(fieldOf(raw, 'anon-exclusive')?.set).toBe(true)
  })

  it('names every bit it sets', () => {
    const raw = CLEAN | bit(52) | (0x8015n << 12n)
    expect(fieldOf(raw, 'CONT')).toMatchObject({
      bits: '52',
      set: true,
      meaning: 'one of a contiguous block'
    })
    expect(fieldOf(raw, 'output address')).toMatchObject({ bits: '47:12', value: '0x8015' })
    expect(fieldOf(raw, 'output address', 65536)).toMatchObject({ bits: '47:16', value: '0x801' })
    expect(fieldOf(raw, 'SH')).toMatchObject({ value: '3', meaning: 'inner shareable' })
    expect(fieldOf(raw, 'GP')?.set).toBe(false)
  })

  it('gives all 64 bits back as it got them, and takes any text', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (raw) => {
        expect(BigInt(decodeDescriptor(hex(raw), 4096).hex)).toBe(raw)
      })
    )
    expect(decodeDescriptor('nonsense', 4096).kind).toBe('none')
  })
})
