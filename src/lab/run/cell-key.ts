/** What a cell is a function of, as one hash: equal keys mean equal results, on any machine. */
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { ENGINE_HASH } from 'virtual:engine-hash'
import { KERNELS } from '../../engine/kernel'
import type { Parameters } from '../results/types'
import { COST_PROFILES, costProfileHash } from '../sandbox/profiles'

export const API_VERSION = 1

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** A script may build a machine of any kernel and profile, so the key holds them all. */
const surroundings = {
  api: API_VERSION,
  engine: ENGINE_HASH,
  kernels: sha256(canonicalize(KERNELS) ?? ''),
  profiles: COST_PROFILES.map((profile) => costProfileHash(profile))
}

/** SHA-256 (hexadecimal) over API version, script, parameters, seed, kernel records, cost profiles and engine. */
export function cellKey(text: string, parameters: Parameters, seed: number): string {
  return sha256(canonicalize({ ...surroundings, script: sha256(text), parameters, seed }) ?? '')
}
