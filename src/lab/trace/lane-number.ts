/** A machine and a CPU from one number. */
export function laneOf(lane: number): { readonly machine: number; readonly cpu: number } {
  return { machine: Math.floor(lane / 4096), cpu: lane % 4096 }
}
