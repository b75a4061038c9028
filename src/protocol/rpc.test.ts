import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import type { Contract } from './contract'
import { RpcError } from './errors'
import { MAX_CALLS_UNDER_WAY, MAX_SCRIPT_CHARS } from './limits'
import { Channels } from './process'
import { connectRpc, serveRpc, type Served } from './rpc'
import { hostContract } from './schemas/host'
import type { Schema } from './schemas/base'
import { simulatorContract } from './schemas/simulator'
import { portPair } from './testing/pair'
import { hostSamples, simulatorSamples, type Samples } from './testing/samples'

type AnyService = Record<string, (request?: unknown) => Promise<unknown>>
interface AnyEvent {
  readonly type: string
}

/** A service that answers its samples and notes what reached it. */
function fake(samples: Samples<object, AnyEvent>): { service: AnyService; reached: [string, unknown][] } {
  const reached: [string, unknown][] = []
  const service = Object.fromEntries(
    Object.entries(samples.replies as Record<string, unknown>).map(([name, reply]) => [
      name,
      async (request?: unknown) => {
        reached.push([name, request])
        return reply
      }
    ])
  )
  return { service, reached }
}

const both = [
  ['simulator', simulatorContract, simulatorSamples],
  ['host', hostContract, hostSamples]
] as unknown as [string, Contract<AnyService, AnyEvent>, Samples<AnyService, AnyEvent>][]

describe.each(both)('the %s contract', (_name, contract, samples) => {
  const calls = Object.entries(samples.requests as Record<string, unknown>)

  it('carries every call and every reply unchanged', async () => {
    const [a, b] = portPair()
    const { service, reached } = fake(samples)
    serveRpc(a, contract, service)
    const { call } = connectRpc(b, contract)
    for (const [name, request] of calls)
      expect(await call[name](request)).toEqual((samples.replies as Record<string, unknown>)[name])
    expect(reached).toEqual(calls)
  })

  it('carries every event unchanged, in order, to every listener', async () => {
    const [a, b] = portPair()
    const served: Served<AnyEvent> = serveRpc(a, contract, fake(samples).service)
    const connection = connectRpc(b, contract)
    const heard: unknown[] = []
    connection.on((event) => heard.push(event))
    const events = Object.values<AnyEvent>(samples.events as Record<string, AnyEvent>)
    for (const event of events) served.emit(event)
    // A call made after them is answered after them.
    const [[name, request]] = calls
    await connection.call[name](request)
    expect(heard).toEqual(events)
  })

  it.each(calls)(
    'refuses %s with an unknown field, without one, and with a wrong one',
    async (name, request) => {
      const [a, b] = portPair()
      const { service, reached } = fake(samples)
      serveRpc(a, contract, service)
      const raw = rawCaller(b)
      const codes = new Set<unknown>()
      if (request === undefined) codes.add((await raw(name, [{}])).e?.code)
      else {
        codes.add((await raw(name, [{ ...(request as object), surplus: 1 }])).e?.code)
        codes.add((await raw(name, [])).e?.code)
        codes.add((await raw(name, [request, request])).e?.code)
        // No field of any call is a fraction below zero.
        for (const key of Object.keys(request as object))
          codes.add((await raw(name, [{ ...(request as object), [key]: -1.5 }])).e?.code)
      }
      expect([...codes]).toEqual(['bad-request'])
      expect(reached).toEqual([])
    }
  )

  it.each(calls)('answers %s with a typed error or its reply, whatever is sent', async (name) => {
    const [a, b] = portPair()
    serveRpc(a, contract, fake(samples).service)
    const raw = rawCaller(b)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.anything({ withTypedArray: true, withDate: true, withMap: true }), { maxLength: 3 }),
        async (args) => {
          const answer = await raw(name, args)
          if (answer.e === undefined) expect(args.length).toBe(samples.requests[name] === undefined ? 0 : 1)
          else expect(answer.e).toMatchObject({ code: 'bad-request', message: expect.any(String) })
        }
      ),
      { numRuns: 60 }
    )
  })

  const messages = [
    ...Object.entries(contract.calls)
      .map(
        ([name, { reply }]) =>
          [`reply of ${name}`, reply, (samples.replies as Record<string, unknown>)[name]] as const
      )
      .filter(([, , sample]) => typeof sample === 'object'),
    ...Object.entries<Schema<unknown>>(contract.events).map(
      ([type, schema]) =>
        [`event ${type}`, schema, (samples.events as Record<string, unknown>)[type]] as const
    )
  ]

  it.each(messages)('checks the %s to its leaves', (_what, schema, sample) => {
    expect(v.is(schema, sample)).toBe(true)
    const places = placesIn(sample)
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.anything({ withTypedArray: true, withNullPrototype: true }),
        (place, value) => {
          // Any value may stand in a chart's specification or in the settings if it is JSON; nowhere else.
          const result = v.safeParse(schema, replaced(sample, place, value))
          if (result.success)
            expect(typeof value === typeof at(sample, place) || value === undefined || isFree(place)).toBe(
              true
            )
        }
      ),
      { numRuns: 200 }
    )
    for (const place of places.filter((each) => !isFree(each)))
      expect(v.is(schema, replaced(sample, place, Symbol.for('nothing of ours'))), place.join('.')).toBe(
        false
      )
  })

  it('survives any message at all, at both ends', async () => {
    const [a, b] = portPair()
    serveRpc(a, contract, fake(samples).service)
    const connection = connectRpc(b, contract)
    const [[name, request]] = calls
    const piece = fc.anything({ withTypedArray: true })
    const message = fc.oneof(
      piece,
      fc.record(
        { t: fc.constantFrom('q', 's', 'x'), i: piece, m: piece, a: piece, r: piece, e: piece },
        { requiredKeys: ['t'] }
      ),
      fc.record({
        t: fc.constant('q'),
        i: fc.string(),
        m: fc.constantFrom('__proto__', 'constructor', 'toString', '$event'),
        a: fc.array(piece)
      }),
      fc.record({
        t: fc.constant('q'),
        m: fc.constant('$event'),
        a: fc.array(fc.record({ type: fc.constantFrom(...Object.keys(samples.events)) }))
      })
    )
    await fc.assert(
      fc.asyncProperty(message, async (sent) => {
        a.post(sent)
        b.post(sent)
        expect(await connection.call[name](request)).toEqual(
          (samples.replies as Record<string, unknown>)[name]
        )
      }),
      { numRuns: 300 }
    )
  })
})

type Place = readonly (string | number)[]

/** Every place in a value, the value itself apart. */
function placesIn(value: unknown, here: Place = []): Place[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array)
    return here.length > 0 ? [here] : []
  const inside = Object.keys(value).flatMap((key) =>
    placesIn((value as Record<string, unknown>)[key], [...here, key])
  )
  return here.length > 0 ? [here, ...inside] : inside
}

const at = (value: unknown, place: Place): unknown =>
  place.reduce<unknown>((inside, key) => (inside as Record<string | number, unknown>)[key], value)

function replaced(value: unknown, [key, ...rest]: Place, by: unknown): unknown {
  if (key === undefined) return by
  const inside = value as Record<string | number, unknown>
  const copy = (Array.isArray(inside) ? [...inside] : { ...inside }) as Record<string | number, unknown>
  copy[key] = replaced(inside[key], rest, by)
  return copy
}

/** Places that hold any JSON, and parameters, which are text, numbers or flags. */
const isFree = (place: Place): boolean =>
  place.some((key) => key === 'spec' || key === 'state' || key === 'parameters' || key === 'current')

/** Calls by hand, past the checks of our own client. */
function rawCaller(port: ReturnType<typeof portPair>[0]) {
  const waiting = new Map<string, (answer: { r?: unknown; e?: { code?: unknown } }) => void>()
  let next = 0
  port.onMessage((message) => {
    const answer = message as { i: string; r?: unknown; e?: { code?: unknown } }
    waiting.get(answer.i)?.(answer)
  })
  return (m: string, a: unknown[]) =>
    new Promise<{ r?: unknown; e?: { code?: unknown; message?: unknown } }>((resolve) => {
      const i = String(next++)
      waiting.set(i, resolve)
      port.post({ t: 'q', i, m, a })
    })
}

describe('errors', () => {
  const pair = (service: AnyService) => {
    const [a, b] = portPair()
    const complaints: RpcError[] = []
    serveRpc(a, hostContract, service as never, (error) => complaints.push(error))
    return { ...connectRpc(b, hostContract), b, complaints }
  }

  it('keep code, message and hint across', async () => {
    const thrown = Object.assign(new Error('There is no experiment yours/a.ts'), {
      code: 'not-found',
      hint: 'Look'
    })
    const { call, complaints } = pair({ readExperiment: async () => Promise.reject(thrown) })
    const error = await call.readExperiment({ id: 'yours/a.ts' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({
      code: 'not-found',
      message: 'There is no experiment yours/a.ts',
      hint: 'Look'
    })
    expect(complaints).toEqual([])
  })

  it('without a code are internal, and the log gets the stack', async () => {
    const { call, complaints } = pair({ info: async () => Promise.reject(new Error('oops')) })
    await expect(call.info()).rejects.toMatchObject({ code: 'internal', message: 'oops' })
    expect(complaints[0].message).toContain('rpc.test.ts')
  })

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'then', '$event', 'nothing'])(
    'name the unknown method %s',
    async (method) => {
      const [a, b] = portPair()
      serveRpc(a, hostContract, fake(hostSamples as never).service as never)
      expect(await rawCaller(b)(method, [])).toMatchObject({ e: { code: 'unknown-method' } })
    }
  )

  it('refuse a reply that breaks the contract', async () => {
    const { call } = pair({ info: async () => ({ version: 1 }) })
    await expect(call.info()).rejects.toMatchObject({
      code: 'bad-reply',
      message: expect.stringContaining('version')
    })
  })

  it('name the field that is wrong, before anything is sent', async () => {
    const { call } = pair({})
    const text = 'x'.repeat(MAX_SCRIPT_CHARS + 1)
    await expect(call.saveExperiment({ id: 'yours/a.ts', text })).rejects.toMatchObject({
      code: 'bad-request',
      message: expect.stringContaining('text')
    })
  })

  it('reject calls under way when the connection ends, and every later one', async () => {
    const { call, close } = pair({ info: () => new Promise(() => undefined) })
    const waiting = call.info()
    close()
    await expect(waiting).rejects.toMatchObject({ code: 'disconnected' })
    await expect(call.info()).rejects.toMatchObject({ code: 'disconnected' })
  })

  it('stop one connection from piling up calls', async () => {
    const { call } = pair({ info: () => new Promise(() => undefined), readLog: async () => [] })
    for (let n = 0; n < MAX_CALLS_UNDER_WAY; n++) void call.info().catch(() => undefined)
    await expect(call.readLog()).rejects.toMatchObject({ code: 'busy' })
  })
})

it('numbered channels keep apart what they carry and end together', () => {
  const sent: unknown[] = []
  const channels = new Channels((message) => sent.push(message))
  const [one, two] = [channels.open(1), channels.open(2)]
  const heard: string[] = []
  channels.receive({ kind: 'data', id: 2, data: 'early' })
  one.onMessage((data) => heard.push(`1 ${String(data)}`))
  two.onMessage((data) => heard.push(`2 ${String(data)}`))
  two.onClose(() => heard.push('2 closed'))
  channels.receive({ kind: 'data', id: 1, data: 'x' })
  channels.receive({ kind: 'data', id: 7, data: 'nobody' })
  one.close()
  one.post('late')
  channels.receive({ kind: 'data', id: 1, data: 'late' })
  channels.closeAll()
  expect(heard).toEqual(['2 early', '1 x', '2 closed'])
  expect(sent).toEqual([{ kind: 'close', id: 1 }])
})
