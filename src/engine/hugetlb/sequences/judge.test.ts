import { describe, expect, it } from 'vitest'
import { BBM_LEVELS, type BbmLevel, type ContentRule } from '../../arch/bbm'
import { judgeSequence, type Finding } from './judge'
import { SEQUENCE_NAMES, sequenceOf } from '.'

function judged(
  name: string,
  level: BbmLevel = 0,
  contents: ContentRule = 'strict',
  tails = 7
): readonly Finding[] {
  return judgeSequence(sequenceOf(name, tails)!, {
    level,
    contents,
    hardwareDirty: true,
    sizeWithPermission: 'forbidden'
  })
}

const broken = (...args: Parameters<typeof judged>): string[] => [
  ...new Set(judged(...args).flatMap(({ verdict, rule }) => (verdict === 'violates' ? [rule] : [])))
]

describe('the judge', () => {
  it('finds the rule that each proposal breaks, and none in those that keep them', () => {
    expect(broken('S0')).toEqual(['B2'])
    expect(broken('S0-freed-early')).toEqual(['B2', 'K3'])
    expect(broken('S3')).toEqual(['K3'])
    expect(broken('S4')).toEqual(['B2'])
    expect(broken('S4', 0, 'ignored')).toEqual([])
    for (const name of ['S1', 'S1b', 'S2', 'S6', 'S7', 'S8', 'D1', 'D7']) expect(broken(name)).toEqual([])
    expect(broken('S6-one-store')).toEqual(['B2'])
    expect(broken('D0')).toEqual(['B2'])
    expect(broken('D1-reset-first')).toEqual(['B2'])
    expect(broken('D1-reset-first', 0, 'ignored')).toEqual([])
  })

  it('takes the split by FEAT_BBM level', () => {
    expect(BBM_LEVELS.map((level) => broken('split-direct', level))).toEqual([['B3'], ['B3'], [], []])
    expect(BBM_LEVELS.map((level) => broken('split-nt', level))).toEqual([['B3'], [], [], []])
    expect(BBM_LEVELS.map((level) => broken('split-ro', level))).toEqual([['B3'], ['B3'], ['B7'], ['B7']])
    // By the rules of Arm it is right; what is wrong is that somebody may look.
    expect(broken('split-bbm')).toEqual(['K4'])
    expect(broken('split-bbm-paused')).toEqual([])
  })

  it('breaks the rule once for every entry, at its step', () => {
    const findings = judged('S0').filter(({ verdict }) => verdict === 'violates')
    expect(findings.map(({ entry }) => entry)).toEqual([
      'head',
      'tail1',
      'tail2',
      'tail3',
      'tail4',
      'tail5',
      'tail6',
      'tail7'
    ])
    const { steps } = sequenceOf('S0')!
    for (const { step, entry, name } of findings) {
      expect(steps[step]).toMatchObject({ do: 'write entry', entry })
      expect(name).toBe('RWHZWS')
    }
  })

  it('says what S1, S8 and S7 as first posted rely on while entries are invalid', () => {
    const relies = (name: string): string[] => [
      ...new Set(
        judged(name).flatMap(({ verdict, rule, entry }) => (verdict === 'relies' && entry ? [rule] : []))
      )
    ]
    expect(relies('S1')).toEqual(['K6'])
    expect(relies('S8')).toEqual(['K8'])
    expect(relies('S7-rfc')).toEqual(['K4'])
    expect(relies('S7')).toEqual([])
  })

  it('sees a TLBI that comes before the store is visible, and one that no DSB completes', () => {
    const { steps, ...rest } = sequenceOf('S2', 1)!
    const without = (kind: 'ishst' | 'ish'): string[] => {
      const at = steps.findIndex((step) => step.do === 'dsb' && step.domain === kind)
      const conditions = {
        level: 0,
        contents: 'strict',
        hardwareDirty: true,
        sizeWithPermission: 'forbidden'
      } as const
      return judgeSequence({ ...rest, steps: steps.filter((_, index) => index !== at) }, conditions)
        .filter(({ verdict }) => verdict === 'violates')
        .map(({ rule }) => rule)
    }
    expect(new Set(without('ishst'))).toEqual(new Set(['B10', 'B2', 'K3']))
    expect(new Set(without('ish'))).toEqual(new Set(['B2', 'K3']))
  })

  it('has something to say of every sequence at every level', () => {
    for (const name of SEQUENCE_NAMES)
      for (const level of BBM_LEVELS) expect(judged(name, level).length).toBeGreaterThan(0)
  })
})
