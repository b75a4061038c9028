/**
 * Messages as WebSocket frames. Without bytes: one text frame of JSON. With bytes: one binary frame,
 *
 *     u32 little-endian: length of the JSON | JSON {m: message, b: [[path, length], ...]} | the bytes
 *
 * so that a bundle crosses as it is (base64 would add a third, and a marker object could be forged by
 * a script's own data). In `m`, `null` stands where bytes belong.
 */
type Path = readonly (string | number)[]

const isContainer = (value: unknown): value is Record<string | number, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array)

/**
 * Replaces every `Uint8Array` by null and notes where it was. What holds none is not copied.
 * @param path where `value` is; the same list is used for the whole walk
 */
function takeBytes(
  value: unknown,
  path: (string | number)[],
  found: { path: Path; bytes: Uint8Array }[]
): unknown {
  if (value instanceof Uint8Array) {
    found.push({ path: [...path], bytes: value })
    return null
  }
  if (!isContainer(value)) return value
  let copy: Record<string | number, unknown> | undefined
  const visit = (key: string | number, item: unknown): void => {
    if (typeof item !== 'object' || item === null) return
    path.push(key)
    const taken = takeBytes(item, path, found)
    path.pop()
    if (taken === item) return
    copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<
      string | number,
      unknown
    >
    copy[key] = taken
  }
  if (Array.isArray(value)) value.forEach((item, index) => visit(index, item))
  else for (const [key, item] of Object.entries(value)) visit(key, item)
  return copy ?? value
}

/** A message as a frame; the text of JSON or the bytes described above. */
export function encodeFrame(message: unknown): string | Uint8Array {
  const found: { path: Path; bytes: Uint8Array }[] = []
  const plain = takeBytes(message, [], found)
  if (found.length === 0) return JSON.stringify(plain)
  const json = new TextEncoder().encode(
    JSON.stringify({ m: plain, b: found.map(({ path, bytes }) => [path, bytes.length]) })
  )
  const frame = new Uint8Array(4 + json.length + found.reduce((sum, { bytes }) => sum + bytes.length, 0))
  new DataView(frame.buffer).setUint32(0, json.length, true)
  frame.set(json, 4)
  let at = 4 + json.length
  for (const { bytes } of found) {
    frame.set(bytes, at)
    at += bytes.length
  }
  return frame
}

/** Puts bytes where null stands at a path of own keys. */
function put(root: { m: unknown }, path: unknown, bytes: Uint8Array): void {
  if (!Array.isArray(path)) throw new Error('a path must be a list')
  let holder: Record<string | number, unknown> = root
  let key: string | number = 'm'
  for (const step of path as unknown[]) {
    const next = holder[key]
    if (
      (typeof step !== 'string' && typeof step !== 'number') ||
      !isContainer(next) ||
      !Object.hasOwn(next, step)
    )
      throw new Error('a path must lead to a value')
    holder = next
    key = step
  }
  if (holder[key] !== null) throw new Error('a path must lead to null')
  holder[key] = bytes
}

/**
 * The message of a frame.
 * @throws Error when the frame is not well-formed
 */
export function decodeFrame(frame: string | Uint8Array): unknown {
  if (typeof frame === 'string') return JSON.parse(frame)
  if (frame.length < 4) throw new Error('a binary frame starts with a length')
  const jsonEnd = 4 + new DataView(frame.buffer, frame.byteOffset).getUint32(0, true)
  if (jsonEnd > frame.length) throw new Error('the frame is shorter than it says')
  const parsed: unknown = JSON.parse(
    new TextDecoder('utf-8', { fatal: true }).decode(frame.subarray(4, jsonEnd))
  )
  const { m, b } = (isContainer(parsed) ? parsed : {}) as { m?: unknown; b?: unknown }
  if (!Array.isArray(b)) throw new Error('the frame has no list of its bytes')
  const root = { m }
  let at = jsonEnd
  for (const entry of b as unknown[]) {
    const [path, length] = Array.isArray(entry) ? (entry as unknown[]) : []
    if (
      typeof length !== 'number' ||
      !Number.isSafeInteger(length) ||
      length < 0 ||
      at + length > frame.length
    )
      throw new Error('the bytes are shorter than the frame says')
    put(root, path, frame.slice(at, at + length))
    at += length
  }
  if (at !== frame.length) throw new Error('the frame is longer than it says')
  return root.m
}
