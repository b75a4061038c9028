/**
 * Every code a message of the lab can carry. Each has a line in docs/errors.md (a test says so).
 * Codes are public: they are added to, never renamed.
 */
export const LAB_CODES = [
  // the script, before anything runs
  'script-too-large',
  'bad-file-name',
  'syntax-error',
  'unsupported-syntax',
  'import-forbidden',
  'type-error',
  'not-available',
  'no-experiment',
  'bad-experiment',
  'unknown-parameter',
  'unknown-value',
  'no-model',
  'bad-model',
  'too-many-searches',
  // the script, while it runs
  'script-error',
  'never-resolves',
  'bad-argument',
  'bad-record',
  'bad-chart',
  'chart-external-data',
  'time-async',
  // limits
  'limit-time',
  'limit-memory',
  'limit-output',
  'limit-stack',
  'limit-cells',
  'limit-machines',
  'limit-check-time',
  'limit-chart-time',
  // the simulated machine
  'unknown-kernel',
  'unknown-cost-profile',
  'no-cost-profile',
  'use-after-exit',
  'not-modelled',
  'no-tlb',
  'no-progress',
  'tag-fault',
  'hardware-error',
  'mmap-lock-held',
  'inside-step',
  'bad-cost-profile',
  'EINVAL',
  'ENOENT',
  'EACCES',
  'EISDIR',
  'ENOTDIR',
  'ERANGE',
  'ENOMEM',
  'EFAULT',
  'EIO',
  'EAGAIN',
  'EBUSY',
  // the run itself
  'cancelled',
  'store-failed',
  'internal',
  // bundles
  'bundle-unreadable',
  'bundle-damaged',
  'bundle-too-large',
  'bundle-refused',
  'bundle-unfinished',
  // traces
  'trace-range',
  'trace-failed',
  'trace-memory',
  // recordings of real kernels
  'bad-recording',
  // the command line
  'file-unreadable',
  'file-unwritable',
  'bad-option'
] as const

export type LabCode = (typeof LAB_CODES)[number]

/** Whether a code is one of ours; codes of the engine that are not listed are shown as they are. */
export function isLabCode(code: string): code is LabCode {
  return (LAB_CODES as readonly string[]).includes(code)
}
