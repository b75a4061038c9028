/** A block as other CPUs meet it, as scripts read it: addresses instead of page numbers. */
import type { Region } from '../../engine/region'
import type { Process } from '../../engine/process'

/** `Region.observe` of the experiment API. */
export function observation(region: Region, page: number, process: Process): object {
  const { pageSize } = process.world.geometry
  const { vpn, translations, ...seen } = region.observe(page, process)
  return {
    address: vpn * pageSize,
    ...seen,
    translations: translations.map(({ vpn: first, ...each }) => ({ address: first * pageSize, ...each }))
  }
}
