import { EngineError } from '../error'
import { contpteFlushFolio } from './contpte-flush-folio'
import { contpteUnbatched } from './contpte-unbatched'
import { contpteV2 } from './contpte-v2'
import { contpteV2Robust } from './contpte-v2-robust'
import { contpteV3 } from './contpte-v3'
import { linux61 } from './linux-6.1'
import { linux610 } from './linux-6.1.0'
import { linuxV610 } from './linux-6.10'
import { linux611 } from './linux-6.11'
import { linux612 } from './linux-6.12'
import { linux6120 } from './linux-6.12.0'
import { linux68 } from './linux-6.8'
import { linux69 } from './linux-6.9'
import { noContpte } from './no-contpte'
import { oneplus515 } from './oneplus-5.15'
import type { KernelRecord } from './record'

export type { KernelRecord } from './record'

/** Every kernel the engine knows, in the order lists show them. */
export const KERNELS: readonly KernelRecord[] = [
  noContpte,
  contpteUnbatched,
  contpteV2,
  contpteV2Robust,
  contpteFlushFolio,
  contpteV3,
  linux61,
  linux610,
  linux68,
  linux69,
  linuxV610,
  linux611,
  linux6120,
  linux612,
  oneplus515
]

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
