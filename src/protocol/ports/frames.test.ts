import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeFrame, encodeFrame } from './frames'

/** JSON values with bytes anywhere in them. */
const message = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true })
  )
})).value

describe('frames', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const frame = encodeFrame(sent)
        expect(decodeFrame(typeof frame === 'string' ? frame : frame.slice())).toEqual(sent)
      })
    )
  })

  it('carry bytes as they are, without growing', () => {
    const bytes = new Uint8Array(100_000).fill(7)
    const frame = encodeFrame({ r: { bytes, name: 'a.zip' } })
    expect(frame).toBeInstanceOf(Uint8Array)
    expect(frame.length).toBeLessThan(bytes.length + 100)
  })

  it('are text where there are no bytes', () => {
    expect(encodeFrame({ t: 'q', a: [1, 'ä'] })).toBe('{"t":"q","a":[1,"ä"]}')
  })

  it('do not change the message they are made of', () => {
    const sent = { a: [new Uint8Array([1])], b: 2 }
    encodeFrame(sent)
    expect(sent).toEqual({ a: [new Uint8Array([1])], b: 2 })
  })

  it('that are damaged give an error or a value, and never reach beyond their own keys', () => {
    const whole = encodeFrame({ a: new Uint8Array([1, 2, 3]), b: [null, new Uint8Array([4])] }) as Uint8Array
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(whole.length),
        (at, byte, length) => {
          const damaged = whole.slice(0, length)
          if (at < length) damaged[at] = byte
          try {
            decodeFrame(damaged)
          } catch (error) {
            expect(error).toBeInstanceOf(Error)
          }
        }
      ),
      { numRuns: 2_000 }
    )
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it.each([
    ['a path through the prototype', { m: { a: {} }, b: [[['a', '__proto__', 'polluted'], 0]] }],
    ['a path to nothing', { m: {}, b: [[['a'], 0]] }],
    ['a path to something else', { m: { a: 1 }, b: [[['a'], 0]] }],
    ['more bytes than there are', { m: { a: null }, b: [[['a'], 5]] }],
    ['a negative length', { m: { a: null }, b: [[['a'], -1]] }],
    ['no list', { m: null }]
  ])('with %s are refused', (_what, json) => {
    const text = new TextEncoder().encode(JSON.stringify(json))
    const frame = new Uint8Array(4 + text.length)
    new DataView(frame.buffer).setUint32(0, text.length, true)
    frame.set(text, 4)
    expect(() => decodeFrame(frame)).toThrow(Error)
  })
})
