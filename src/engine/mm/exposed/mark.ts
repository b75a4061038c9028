/**
 * Marking VMAs for blocks, and keeping blocks out of VMA borders. Source: reference `oneplus.md`
 * sections 1 and 2; Barry Song, 28 Nov 2023 (a block never crosses two VMAs: splitting a VMA inside
 * one unfolds it at once).
 */
import { EngineError } from '../../error'
import type { World } from '../../world'
import type { Mm, Vma } from '../mm'
import { modifyVma } from '../vma'
import { VM_CHP } from './block'

/** Shortest range whose name marks a VMA: 2 MiB. */
const MIN_MARKED_BYTES = 2 * 2 ** 20

/**
 * prctl(PR_SET_VMA_ANON_NAME) of a range with a name the kernel looks for ("libc_malloc" in libc.so,
 * or the Dalvik main space): from now on 64K folios are used there. Answers whether it marked: kernels
 * without blocks, granules other than 4K and ranges below 2 MiB take the name and do nothing.
 * `ENOMEM` where part of the range is not mapped, after the rest was named.
 */
export function markVmas(world: World, mm: Mm, vpn: number, pages: number): boolean {
  const { kernel, geometry } = world
  if (kernel.faultOrders !== 'exposed' || geometry.name !== '4K') return false
  if (pages * geometry.pageSize < MIN_MARKED_BYTES) return false
  const end = vpn + pages
  let whole = true
  for (let at = vpn; at < end;) {
    const vma: Vma | undefined = mm.vmas[mm.vmaIndex(at)]
    if (vma === undefined || vma.start >= end) break
    if (vma.start > at) whole = false
    const from = Math.max(vma.start, at)
    at = Math.min(vma.end, end)
    if (vma.file === undefined) modifyVma(world, mm, vma, from, at, vma.flags | VM_CHP)
    if (at === end) return marked(whole)
  }
  return marked(false)
}

function marked(whole: boolean): boolean {
  if (!whole) throw new EngineError('ENOMEM', 'ENOMEM: prctl: part of the range is not mapped.')
  return true
}
