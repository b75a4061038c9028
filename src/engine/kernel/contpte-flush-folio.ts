import { contpteUnbatched } from './contpte-unbatched'
import type { KernelRecord } from './record'

export const contpteFlushFolio: KernelRecord = {
  ...contpteUnbatched,
  name: 'contpte-flush-folio',
  title: 'Contiguous PTEs, unmapping clears and flushes a whole folio',
  source:
    'What Barry Song proposed on v2 14/14 (28 Nov 2023): where the range covers a large folio, its entries are cleared and flushed at once, in exit or not. With the condition that the objection asks for (Ryan Roberts, same day): all pages of the folio are mapped there, in line. Reference teardown.md section 4, design D5.',
  zap: 'flush-folio'
}
