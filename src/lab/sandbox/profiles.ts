/** Cost profiles by the name scripts use. Adding one is adding a file under `resources/profiles`. */
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { parseCostProfile, type CostProfile } from '../../engine/cost/profile'
import ampereAltra from '../../../resources/profiles/ampere-altra.json'

const FILES: readonly unknown[] = [ampereAltra]

/** Every profile, checked. */
export const COST_PROFILES: readonly CostProfile[] = FILES.map((file) => parseCostProfile(file))

export function costProfileNames(): string[] {
  return COST_PROFILES.map((profile) => profile.name)
}

export function costProfileByName(name: string): CostProfile | undefined {
  return COST_PROFILES.find((profile) => profile.name === name)
}

/** SHA-256 over the canonical JSON of a profile. */
export function costProfileHash(profile: CostProfile): string {
  return createHash('sha256')
    .update(canonicalize(profile) ?? '')
    .digest('hex')
}
