/** Recordings as files: plain JSON or gzip, of a folder or named one by one. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { LabError, problem } from '../diagnostic'
import { parseRecording } from './parse'
import type { Recording } from './schema'

/** A recording and the name it goes by in reports. */
export interface LoadedRecording {
  /** As the user named it; the file name alone for our own copy. */
  readonly file: string
  readonly recording: Recording
}

/** Beyond this a file is no recording. */
const MAX_BYTES = 512 * 1024 * 1024

const NAME = /\.json(\.gz)?$/

/** Recordings in a folder, by name. */
export function recordingsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => NAME.test(name))
      .sort()
      .map((name) => join(folder, name))
  } catch (error) {
    throw unreadable(folder, error)
  }
}

/**
 * Reads one recording, `.json` or `.json.gz`.
 * @throws LabError `file-unreadable`, `bad-recording`
 */
export function loadRecording(path: string, file: string = path): LoadedRecording {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw unreadable(path, error)
  }
  return { file, recording: parseRecording(decoded(bytes, file), file) }
}

/** Every recording of our own copy. */
export function ownRecordings(folder: string): LoadedRecording[] {
  return recordingsIn(folder).map((path) => loadRecording(path, basename(path)))
}

function decoded(bytes: Buffer, file: string): string {
  const bad = (why: string) => new LabError(problem('bad-recording', `the recording: ${why}`, { file }))
  let plain: Buffer = bytes
  // A gzip file says so in its first two bytes; its name may say anything.
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      plain = gunzipSync(bytes, { maxOutputLength: MAX_BYTES })
    } catch {
      throw bad('it is damaged: it does not unpack')
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch {
    throw bad('it is not UTF-8 text')
  }
}

function unreadable(path: string, error: unknown): LabError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const why = { ENOENT: 'there is no such file', EACCES: 'permission denied', EISDIR: 'it is a folder' }[code]
  return new LabError(problem('file-unreadable', `cannot read it: ${why ?? code}`, { file: path }))
}
