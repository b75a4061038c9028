import { describe, expect, it } from 'vitest'
import { parseCostProfile } from './profile'

/** The least a profile can be. */
function minimal() {
  return {
    schema: 'contpte-lab/cost-profile@1',
    name: 'test',
    title: 'Test',
    models: 'Nothing.',
    costs: {
      read: { ns: 1, source: 'a document' },
      xchg: { ns: 2.5, source: 'a fit', fitted: 'exchange' }
    },
    dvm: { tlbi: { ns: 0, source: 'a document' } },
    contained: { fold: 'Made of others.' },
    unmodelled: { fault: 'Not known.' },
    leavesOut: ['NUMA'],
    calibration: {
      workload: 'fork',
      published: 'a table',
      baseline: 'no-contpte',
      fittedOnCpus: [1],
      parameters: [{ name: 'exchange', ns: 2.5, atLeast: 0, means: 'an exchange' }],
      cells: [{ kernel: 'k', cpus: 1, published: -1, simulated: -2, error: -1, heldOut: false }],
      worst: 1,
      variants: [{ what: 'other', errors: [-1], worst: 1 }],
      findings: ['one']
    }
  }
}

describe('parseCostProfile', () => {
  it('answers a profile unchanged', () => {
    expect(parseCostProfile(minimal())).toEqual(minimal())
  })

  const refused: [string, (profile: ReturnType<typeof minimal>) => unknown, RegExp][] = [
    ['nothing', () => undefined, /^profile must be an object/],
    ['another schema', (p) => ({ ...p, schema: 'x' }), /profile\.schema must be 'contpte-lab/],
    ['a field of no meaning', (p) => ({ ...p, cost: {} }), /profile\.cost is not a field here/],
    ['a missing part', ({ dvm, ...rest }) => (dvm ? rest : rest), /profile\.dvm must be an object/],
    [
      'a cost below 0',
      (p) => ({ ...p, costs: { read: { ns: -1, source: 's' } } }),
      /profile\.costs\.read\.ns must be at least 0, not -1/
    ],
    [
      'a cost that is no number',
      (p) => ({ ...p, costs: { read: { ns: '1', source: 's' } } }),
      /profile\.costs\.read\.ns must be a finite number/
    ],
    [
      'a cost without source',
      (p) => ({ ...p, costs: { read: { ns: 1, source: ' ' } } }),
      /profile\.costs\.read\.source must be a text/
    ],
    [
      'a counter the engine does not have',
      (p) => ({ ...p, dvm: { teleport: { ns: 1, source: 's' } } }),
      /profile\.dvm\.teleport is not a counter/
    ],
    [
      'a parameter the report does not list',
      (p) => ({ ...p, dvm: { tlbi: { ns: 1, source: 's', fitted: 'magic' } } }),
      /profile\.dvm\.tlbi follows the parameter 'magic'/
    ],
    [
      'a figure that is not what its parameter says',
      (p) => ({ ...p, costs: { xchg: { ns: 3, source: 's', fitted: 'exchange' } } }),
      /does not list as 3 ns/
    ],
    [
      'a report whose cells are no list',
      (p) => ({ ...p, calibration: { ...p.calibration, cells: {} } }),
      /profile\.calibration\.cells must be a list/
    ],
    [
      'a cell with a hole',
      (p) => ({ ...p, calibration: { ...p.calibration, cells: [{ kernel: 'k', cpus: 1 }] } }),
      /profile\.calibration\.cells\[0\]\.published must be a finite number/
    ]
  ]
  it.each(refused)('refuses %s and names the place', (_, spoil, message) => {
    expect(() => parseCostProfile(spoil(minimal()))).toThrow(
      expect.objectContaining({ code: 'bad-cost-profile', message: expect.stringMatching(message) })
    )
  })
})
