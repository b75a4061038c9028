import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type {
  TraceAspect,
  TraceEvent,
  TraceFilter,
  TraceKey,
  TraceMark,
  TraceOperation,
  TraceSummary,
  TraceTwo
} from '../../protocol/trace'
import { simulator } from '../platform/clients-in-use'
import { parametersText } from '../parts/parameters'
import { formatNumber } from '../parts/format'
import { counted } from '../step/latest'
import { dropBookmark, keepBookmark, bookmarks, type Bookmark } from '../step/bookmarks'
import { stepSentence } from '../step/words'
import { useNoticesStore } from './notices'
import { useSettingsStore } from './settings'

/** One trace on screen: a column, and a group of lanes. */
export interface TraceSide {
  readonly key: TraceKey
  readonly summary: TraceSummary
  readonly operations: readonly TraceOperation[]
}

/** Operations and marks are asked for in pages of this many. */
const PAGE = 1000
/** How often `play` steps, in milliseconds. */
const PLAY_MS = 250
/** How often tables are drawn anew while a pointer drags the position, in milliseconds. */
const BEAT_MS = 250
/** Entries around an event's address that are looked at for what changed. */
const LOOKED_AT = 512

/** Where the window stands in the traces of one or two cells, and everything that moves it. */
export const useTraceStore = defineStore('trace', () => {
  const notices = useNoticesStore()

  const sides = shallowRef<readonly TraceSide[]>([])
  const opening = ref(false)
  const failure = shallowRef<unknown>()
  /** Events so far of a trace that is being made. */
  const progress = ref<{ readonly cell: number; readonly phase: string; readonly events: number }>()
  /** The machine of its cell that each side shows. */
  const machines = shallowRef<readonly number[]>([])
  /** What counts as a difference to jump to. */
  const aspect = ref<TraceAspect | 'any'>('any')
  /** The side whose events are stepped; the other one follows. */
  const lead = ref(0)
  /** State shown of each side: that just after this event. */
  const positions = shallowRef<readonly number[]>([])
  /** From which state on changes are marked. */
  const since = shallowRef<readonly number[]>([])
  /** The event at the leading side's position. */
  const current = shallowRef<TraceEvent>()
  /** How the other side was found; visible beside the position. */
  const aligned = shallowRef<{ readonly pair: number; readonly by: 'operation' | 'page' | 'start' }>()
  /** Both sides move together; released, each moves alone. */
  const locked = ref(true)
  const playing = ref(false)
  /** A pointer drags the position: what takes long to draw may come later. */
  const scrubbing = ref(false)
  /** Counts up a few times a second while a pointer drags: what comes later comes then. */
  const beat = ref(0)
  let beats: ReturnType<typeof setInterval> | undefined
  watch(
    scrubbing,
    (on) => {
      clearInterval(beats)
      if (on) beats = setInterval(() => beat.value++, BEAT_MS)
    },
    { flush: 'sync' }
  )
  const breakpoints = shallowRef<readonly TraceFilter[]>([])
  const search = shallowRef<TraceFilter>()
  const found = shallowRef<{ readonly ordinal: number; readonly total: number }>()
  let latest = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const ready = computed(() => sides.value.length > 0 && !opening.value)
  const leading = computed<TraceSide | undefined>(() => sides.value[lead.value])
  const position = computed(() => positions.value[lead.value] ?? 0)
  const events = computed(() => leading.value?.summary.events ?? 0)
  const operation = computed(() => {
    const at = current.value?.operation ?? -1
    return at < 0 ? undefined : leading.value?.operations[at]
  })
  /** The machine that a side shows. */
  const machineOf = (side: number) => sides.value[side]?.summary.machines[machines.value[side] ?? 0]
  const cellName = computed(() => (leading.value ? parametersText(leading.value.summary.parameters) : ''))
  const ownBookmarks = computed(() =>
    bookmarks.value.filter(
      ({ file, cell }) => file === leading.value?.summary.file && cell === cellName.value
    )
  )

  /**
   * Opens the traces of one or two cells, of one run or of two; the first one leads. What was not asked
   * for by the user fails `quietly`: the panels say why. `shown` are the machines to show.
   */
  async function open(
    keys: readonly TraceKey[],
    at = 0,
    quietly = false,
    shown: readonly number[] = []
  ): Promise<boolean> {
    const request = ++latest
    pause()
    opening.value = true
    failure.value = undefined
    try {
      const opened: TraceSide[] = []
      for (const key of keys) {
        const summary = await simulator().traceOpen({
          ...key,
          limit: useSettingsStore().settings.traceEvents
        })
        opened.push({ key, summary, operations: await allOperations(key, summary.operations) })
      }
      if (request !== latest) return false
      sides.value = opened
      lead.value = 0
      locked.value = true
      machines.value = keys.map((_, side) =>
        Math.min(shown[side] ?? 0, opened[side].summary.machines.length - 1)
      )
      positions.value = opened.map(() => 0)
      since.value = opened.map(() => 0)
      current.value = undefined
      found.value = undefined
      aligned.value = undefined
      opening.value = false
      tellCuts(opened)
      await goTo(at)
      return true
    } catch (error) {
      if (request !== latest) return false
      sides.value = []
      failure.value = error
      if (!quietly) notices.fail('The trace could not be made; the run is unchanged', error)
      return false
    } finally {
      if (request === latest) {
        opening.value = false
        progress.value = undefined
      }
    }
  }

  async function allOperations(key: TraceKey, total: number): Promise<TraceOperation[]> {
    const operations: TraceOperation[] = []
    while (operations.length < total) {
      const page = await simulator().traceOperations({ ...key, from: operations.length, count: PAGE })
      if (page.operations.length === 0) break
      operations.push(...page.operations)
    }
    return operations
  }

  function tellCuts(opened: readonly TraceSide[]): void {
    for (const { summary } of opened) {
      if (!summary.cut) continue
      notices.notify({
        tone: 'warn',
        text: `The trace was cut at ${formatNumber(summary.cut.limit)} events`,
        details: summary.cut.notice,
        key: `cut:${summary.runId}:${summary.cell}`
      })
    }
  }

  /** Shows nothing more of any trace. */
  function close(): void {
    latest++
    pause()
    scrubbing.value = false
    sides.value = []
    positions.value = []
    current.value = undefined
    opening.value = false
    failure.value = undefined
  }

  /** Moves to a state; `from` is where the step began, for marking what it changed. */
  async function goTo(event: number, from?: number): Promise<void> {
    scrubbing.value = false
    if (leading.value) await counted(move(leading.value, event, from))
  }

  async function move(side: TraceSide, event: number, from?: number): Promise<void> {
    const request = ++latest
    const target = Math.max(0, Math.min(side.summary.events, Math.round(event)))
    const before = Math.max(0, from !== undefined && from < target ? from : target - 1)
    place(lead.value, target, before)
    const [at] = await Promise.all([eventAt(side.key, target), follow(target, before, request)])
    if (request !== latest) return
    current.value = at
    notices.announce(stepSentence(at, side.summary.events, at ? await changedBy(side.key, at, before) : 0))
  }

  /** Moves while a pointer drags: what is drawn follows at once, words come when it rests. */
  function scrubTo(event: number): void {
    const target = Math.max(0, Math.min(events.value, Math.round(event)))
    if (target === position.value) return
    scrubbing.value = true
    const request = ++latest
    place(lead.value, target, Math.max(0, target - 1))
    const key = leading.value?.key
    if (key) void settle(key, target, request)
  }

  /** One answer at a time, for where the pointer is by then. */
  async function settle(key: TraceKey, target: number, request: number): Promise<void> {
    if (settling) return
    settling = true
    try {
      const [at] = await Promise.all([eventAt(key, target), follow(target, Math.max(0, target - 1), request)])
      if (request === latest) current.value = at
    } finally {
      settling = false
    }
    if (request !== latest && leading.value?.key === key && position.value !== target)
      await settle(key, position.value, latest)
  }
  let settling = false

  function place(side: number, event: number, before: number): void {
    positions.value = positions.value.map((was, index) => (index === side ? event : was))
    since.value = since.value.map((was, index) => (index === side ? before : was))
  }

  async function eventAt(key: TraceKey, event: number): Promise<TraceEvent | undefined> {
    if (event === 0) return undefined
    const {
      events: [at]
    } = await simulator().traceEvents({ ...key, from: event, to: event, count: 1 })
    return at
  }

  /** The other side goes where the same part of the workload is done. */
  async function follow(target: number, before: number, request: number): Promise<void> {
    const other = 1 - lead.value
    const [a, b] = [sides.value[lead.value], sides.value[other]]
    if (!a || !b || !locked.value) return
    const two = { a: a.key, b: b.key, aMachine: machines.value[lead.value], bMachine: machines.value[other] }
    const [now, then] = await Promise.all([
      counterpart(two, target),
      before === target ? undefined : counterpart(two, before)
    ])
    if (request !== latest) return
    aligned.value = { pair: now.pair, by: now.by }
    const { event } = now
    place(other, event, Math.min(then?.event ?? event, event))
  }

  function counterpart(two: TraceTwo, event: number) {
    return event === 0
      ? Promise.resolve({ event: 0, pair: -1, by: 'start' as const })
      : simulator().traceCounterpart({ ...two, event })
  }

  async function changedBy(key: TraceKey, event: TraceEvent, before: number): Promise<number> {
    const { address, machine, pid } = event
    if (address === undefined || pid === 0) return 0
    const pages = Math.min(event.pages ?? 1, LOOKED_AT)
    try {
      const { parts } = await simulator().traceState({
        ...key,
        event: event.event,
        since: before,
        parts: [{ what: 'map', machine, pid, address, pages, buckets: 1 }]
      })
      const [part] = parts
      return part?.what === 'map' ? part.map.changed.reduce((sum, each) => sum + each, 0) : 0
    } catch {
      // Its address space is gone, or not there yet: nothing of it changed.
      return 0
    }
  }

  /** One event on or back. */
  const step = (by: 1 | -1) => goTo(position.value + by, by > 0 ? position.value : undefined)

  /** To the end of the span that begins next (or the begin of the one before), or one event. */
  async function stepOver(by: 1 | -1): Promise<void> {
    const side = leading.value
    if (!side) return
    const at = await eventAt(side.key, by > 0 ? Math.min(position.value + 1, events.value) : position.value)
    const edge = by > 0 ? 'span-begin' : 'span-end'
    const over = at?.kind === edge && at.link !== undefined && at.link > 0
    if (!over) return step(by)
    await goTo(by > 0 ? (at.link as number) : (at.link as number) - 1, position.value)
  }

  async function find(match: readonly TraceFilter[], by: 1 | -1) {
    const side = leading.value
    if (!side) return undefined
    const direction = by > 0 ? 'next' : 'previous'
    return simulator().traceFind({ ...side.key, from: position.value, direction, match })
  }

  /** To the next (or previous) event that a breakpoint matches, or to the end. */
  async function run(by: 1 | -1): Promise<void> {
    pause()
    const hit = breakpoints.value.length > 0 ? await find(breakpoints.value, by) : undefined
    await goTo(hit?.event?.event ?? (by > 0 ? events.value : 0))
  }

  /** Steps by itself until paused, a breakpoint or the end. */
  function play(): void {
    if (playing.value || !ready.value) return
    playing.value = true
    if (position.value >= events.value) void goTo(0)
    const tick = async () => {
      const stop = breakpoints.value.length > 0 ? await find(breakpoints.value, 1) : undefined
      if (!playing.value) return
      await step(1)
      if (position.value >= events.value || stop?.event?.event === position.value) pause()
      if (playing.value) timer = setTimeout(tick, PLAY_MS)
    }
    timer = setTimeout(tick, PLAY_MS)
  }

  function pause(): void {
    playing.value = false
    clearTimeout(timer)
  }

  /** Looks for events; counts them, and goes to the first one from here on. */
  async function look(filter: TraceFilter | undefined): Promise<void> {
    search.value = filter
    found.value = undefined
    if (filter) await nextMatch(1)
  }

  /** To the next or previous match of the search; at the last one it goes on from the other end. */
  async function nextMatch(by: 1 | -1): Promise<void> {
    const side = leading.value
    if (!search.value || !side) return
    let hit = await find([search.value], by)
    if (!hit?.event && hit && hit.total > 0) {
      const from = by > 0 ? 0 : events.value + 1
      const direction = by > 0 ? ('next' as const) : ('previous' as const)
      hit = await simulator().traceFind({ ...side.key, from, direction, match: [search.value] })
    }
    found.value = hit && { ordinal: hit.ordinal, total: hit.total }
    if (hit?.event) await goTo(hit.event.event)
    else notices.announce('No event matches')
  }

  /** To the next or previous event that wrote the entry of an address ("who wrote this?"). */
  async function goToWrite(filter: TraceFilter, by: 1 | -1): Promise<void> {
    const hit = await find([filter], by)
    if (hit?.event) await goTo(hit.event.event)
    else notices.announce(by > 0 ? 'Nothing changes it later' : 'Nothing changed it before')
  }

  /** To the event at which an expectation failed or a rule was broken. */
  async function goToFinding(by: 1 | -1): Promise<void> {
    const all = leading.value?.summary.findings ?? []
    const hit =
      by > 0
        ? all.find(({ event }) => event > position.value)
        : all.findLast(({ event }) => event < position.value)
    if (hit) await goTo(hit.event)
    else
      notices.announce(all.length === 0 ? 'Nothing failed and no rule was broken' : 'There is no further one')
  }

  /** The two sides as the simulator is asked about them. */
  const compared = computed<TraceTwo | undefined>(() => {
    const [a, b] = sides.value
    const [aMachine, bMachine] = machines.value
    return a && b && { a: a.key, b: b.key, aMachine, bMachine }
  })

  /** Shows another machine of a side's cell. */
  function setMachine(side: number, machine: number): void {
    machines.value = sides.value.map((_, index) => (index === side ? machine : (machines.value[index] ?? 0)))
    void goTo(position.value, since.value[lead.value])
  }

  /** To the first, next or previous point at which entries differ, or, where none do, counters or verdicts. */
  async function goToDifference(which: 'first' | 'next' | 'previous'): Promise<void> {
    const two = compared.value
    if (!two) return
    lead.value = 0
    const look = (aspects: readonly TraceAspect[]) =>
      counted(
        simulator().traceNextDifference({
          ...two,
          aEvent: which === 'first' ? 0 : position.value,
          direction: which === 'previous' ? 'previous' : 'next',
          aspects
        })
      )
    const wanted = aspect.value
    const first = await look([wanted === 'any' ? 'cells' : wanted])
    const hit = first.found || wanted !== 'any' ? first : await look(['counters', 'verdicts'])
    if (!hit.found) {
      notices.announce(which === 'first' ? 'The two never differ' : 'There is no further difference')
      return
    }
    await goTo(hit.a)
    place(1, hit.b, Math.max(0, hit.b - 1))
    notices.announce(`Difference at event ${formatNumber(hit.a)}: ${hit.text}`)
  }

  function toggleBreakpoint(filter: TraceFilter): void {
    const text = JSON.stringify(filter)
    const others = breakpoints.value.filter((known) => JSON.stringify(known) !== text)
    const added = others.length === breakpoints.value.length
    breakpoints.value = added ? [...others, filter] : others
    notices.announce(added ? 'Breakpoint set' : 'Breakpoint removed')
  }

  function bookmark(note: string): void {
    const side = leading.value
    if (!side) return
    keepBookmark({ file: side.summary.file, cell: cellName.value, event: position.value, note })
    notices.announce(`Bookmark at event ${formatNumber(position.value)}`)
  }

  function forget(known: Bookmark): void {
    dropBookmark(known)
    notices.announce('Bookmark removed')
  }

  /** Marks of a trace of some kind, as many as there are. */
  async function marksOf(side: TraceSide): Promise<readonly TraceMark[]> {
    const marks: TraceMark[] = []
    while (marks.length < side.summary.marks) {
      const page = await simulator().traceMarks({ ...side.key, from: marks.length, count: PAGE })
      if (page.marks.length === 0) break
      marks.push(...page.marks)
    }
    return marks
  }

  /** Puts the lead on the other side. */
  function setLead(side: number): void {
    if (!sides.value[side] || side === lead.value) return
    lead.value = side
    void goTo(position.value)
  }

  return {
    sides,
    opening,
    failure,
    progress,
    lead,
    positions,
    since,
    current,
    aligned,
    locked,
    playing,
    scrubbing,
    beat,
    breakpoints,
    search,
    found,
    ready,
    leading,
    machines,
    machineOf,
    setMachine,
    aspect,
    compared,
    position,
    events,
    operation,
    ownBookmarks,
    open,
    close,
    goTo,
    scrubTo,
    step,
    stepOver,
    run,
    play,
    pause,
    look,
    nextMatch,
    goToWrite,
    goToFinding,
    goToDifference,
    toggleBreakpoint,
    bookmark,
    forget,
    marksOf,
    setLead
  }
})
