/** `contpte-lab verify FILE.zip`. */
import { formatDiagnostic } from '../lab/diagnostic'
import { verifyBundle, type VerifyResult } from '../lab/bundle/verify'
import type { Laboratory } from '../lab/laboratory'
import { ENGINE } from '../lab/run/state'
import type { Limits } from '../protocol/results'
import { follow } from './follow'
import { EXIT, type Io } from './io'
import { exitOf, readUserFile } from './run-command'
import { plain } from './table'

export interface VerifyOptions {
  readonly workers?: number
  readonly limits: Partial<Limits>
}

function engineText({ version, hash }: { version: string; hash: string }): string {
  return `${version} (${hash.slice(0, 12)})`
}

function report({ verdict, otherEngine, files }: VerifyResult): string {
  const other = otherEngine
    ? [
        `Made by engine ${engineText(otherEngine)}; this is ${engineText(ENGINE)}: results may differ for that reason.`
      ]
    : []
  const lines = files.map(({ path, difference }) =>
    difference === undefined ? `same       ${plain(path)}` : `different  ${plain(path)}: ${plain(difference)}`
  )
  const differing = files.filter(({ difference }) => difference !== undefined).length
  const last =
    verdict === 'same'
      ? ['Verified: the re-run gives the same bundle, byte for byte.']
      : verdict === 'different'
        ? [
            `Not verified: ${differing === 1 ? 'one file differs' : `${differing} files differ`} from the re-run.`
          ]
        : []
  return [...other, ...lines, ...last].map((line) => `${line}\n`).join('')
}

/** Verifies a bundle; answers the exit code. */
export async function verifyCommand(
  path: string,
  options: VerifyOptions,
  lab: Laboratory,
  io: Io
): Promise<number> {
  const bytes = await readUserFile(path)
  const done: Promise<unknown>[] = []
  const result = await verifyBundle(bytes, lab, {
    ...options,
    follow: (handle) => done.push(follow(handle, io))
  })
  await Promise.all(done)
  io.out(report(result))
  for (const diagnostic of result.diagnostics) io.err(`${formatDiagnostic(diagnostic)}\n`)
  if (result.verdict === 'cancelled') return EXIT.interrupted
  if (result.verdict === 'failed') {
    io.err('not verified: the script in the bundle does not run here\n')
    return exitOf(result.diagnostics)
  }
  return result.verdict === 'same' ? EXIT.ok : EXIT.fails
}
