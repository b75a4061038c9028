/** One valid message of every kind about sequences and the explorer. */
import type { ExploreEvent, ExploreRequest, ExploreService } from '../explore'
import type { Samples } from './samples'

const source: ExploreRequest['source'] = {
  kind: 'known',
  sequence: 'S4',
  tails: 7,
  actors: ['R', 'H frozen']
}
const bounds: ExploreRequest['bounds'] = { cpus: 2, bbm: '2-noabort', content: 'ignored' }
const old = { access: 'rw', frame: 'old0', page: 'old', block: false } as const
const none = { access: 'none', page: 'none', block: true } as const
const progress = { states: 4, frontier: 1, transitions: 9, depth: 3, bytes: 4096, elapsedMs: 1.5 }

export const exploreSamples: Samples<ExploreService, ExploreEvent> = {
  requests: {
    knownSequences: undefined,
    sequenceView: { source: { kind: 'script', file: 'a.ts', text: 'x' }, bounds },
    explore: { source, bounds, id: 'one', maxStates: 1_000 },
    cancelExplore: { id: 'one' }
  },
  replies: {
    knownSequences: { sequences: [{ name: 'S4', title: 'Read-only first', source: 's' }] },
    sequenceView: {
      name: 'S4',
      title: 't',
      claim: 'c',
      source: 's',
      entries: ['head'],
      start: [old],
      steps: [
        {
          text: 'head := invalid',
          rule: 'B6 RDDMVT',
          why: 'w',
          entries: [none],
          changed: [0],
          stale: [0],
          findings: [{ verdict: 'violates', rule: 'K4', name: 'nobody else runs', text: 'x', entry: 'head' }]
        }
      ],
      cost: {
        stores: 1,
        tlbis: 1,
        invalidated: 8,
        dsbs: 2,
        copies: 0,
        allocated: 0,
        freed: 7,
        invalidSteps: 3,
        staleSteps: 4
      },
      cpus: 2,
      bbm: '0',
      content: 'strict',
      architecture: 'arm64',
      agents: ['the kernel reads through tail1']
    },
    explore: {
      verdict: 'counterexample',
      sentence: 'no',
      cancelled: false,
      bounds: 'S4, 3 entries',
      progress,
      counterexample: {
        property: 'contents',
        hazard: 'H9',
        rule: 'B2 RWHZWS',
        text: 'a',
        entry: 'tail1',
        entries: ['tail1'],
        steps: [{ cpu: 0, text: 'tail1 := old0 RO', step: 3, rule: 'B2 RWHZWS' }],
        states: [
          {
            upper: 'table',
            entries: [{ access: 'ro', frame: 'old1', text: 'old1 RO' }],
            frames: [{ name: 'old1', holds: 'tail' }],
            tlbs: [[], [{ entry: 'tail1', text: 'old1 RO', access: 'ro', stale: true, pending: false }]],
            done: 2
          }
        ]
      },
      experiment: { file: 's4-counterexample.ts', text: 'x' }
    },
    cancelExplore: { cancelled: true }
  },
  events: { 'explore-progress': { type: 'explore-progress', id: 'one', ...progress } }
}
