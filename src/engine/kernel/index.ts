import { EngineError } from '../error'
import { contpteUnbatched } from './contpte-unbatched'
import { contpteV2 } from './contpte-v2'
import { linux61 } from './linux-6.1'
import { linux612 } from './linux-6.12'
import { noContpte } from './no-contpte'
import type { KernelRecord } from './record'

export type { KernelRecord } from './record'

/** Every kernel the engine knows, in the order lists show them. */
export const KERNELS: readonly KernelRecord[] = [noContpte, contpteUnbatched, contpteV2, linux61, linux612]

/** The names of `KERNELS`. */
export function kernelNames(): string[] {
  return KERNELS.map((kernel) => kernel.name)
}

/** The kernel called `name`. Throws `unknown-kernel`; the message lists the names there are. */
export function kernelByName(name: string): KernelRecord {
  const found = KERNELS.find((kernel) => kernel.name === name)
  if (found) return found
  throw new EngineError(
    'unknown-kernel',
    `Unknown kernel '${name}'. The kernels are: ${kernelNames().join(', ')}.`
  )
}
