import { registerCommand, type Command } from '../commands/registry'
import { useShellStore } from '../stores/shell'
import { useTraceStore } from '../stores/trace'
import { compareMachines, compareNext, compareRun, finishedCells, openRun } from './open'
import { useRunsStore } from '../stores/runs'
import { dock } from '../layout/dock'
import { nextTick } from 'vue'

/** Puts the focus on a control of the timeline, which is shown if need be. */
async function focusControl(name: 'position' | 'search'): Promise<void> {
  dock.show('timeline', useShellStore().preset)
  await nextTick()
  requestAnimationFrame(() => {
    const field = document.querySelector<HTMLInputElement>(`[data-control="trace-${name}"]`)
    field?.focus()
    field?.select()
  })
}

/** Everything that moves through time, by key and in the palette. Answers what takes it away. */
export function registerTraceCommands(): () => void {
  const trace = useTraceStore()
  const shell = useShellStore()
  const runs = useRunsStore()
  const ready = () => trace.ready
  /** F5 continues in the Step preset, and runs elsewhere. */
  const stepping = () => trace.ready && shell.preset === 'step'
  const two = () => trace.ready && trace.sides.length > 1
  const add = (
    id: string,
    title: string,
    keys: string[],
    run: Command['run'],
    { enabled = ready, when = ready }: { enabled?: () => boolean; when?: () => boolean } = {}
  ) => registerCommand({ id: `trace.${id}`, title, category: 'Step', keys, when, enabled, run })

  const removals = [
    add('open', 'Step through this run', ['Mod+Alt+Enter'], openAndShow, {
      enabled: () => finishedCells(runs.current).length > 0,
      when: () => true
    }),
    add('step', 'Step', ['F10'], () => trace.step(1)),
    add('stepBack', 'Step back', ['Shift+F10'], () => trace.step(-1)),
    add('stepOver', 'Step over the span', ['Alt+F10'], () => trace.stepOver(1)),
    add('stepOverBack', 'Step back over the span', ['Shift+Alt+F10'], () => trace.stepOver(-1)),
    add('continue', 'Continue to the next breakpoint', ['F5'], () => trace.run(1), { when: stepping }),
    add('reverse', 'Reverse to the previous breakpoint', ['Shift+Alt+F5'], () => trace.run(-1)),
    add('play', 'Play or pause', ['Mod+Alt+P'], () => (trace.playing ? trace.pause() : trace.play())),
    add('first', 'Go before the first event', ['Mod+Alt+Home'], () => trace.goTo(0)),
    add('last', 'Go to the last event', ['Mod+Alt+End'], () => trace.goTo(trace.events)),
    add('goto', 'Go to event...', ['Mod+Alt+G'], () => focusControl('position')),
    add('search', 'Search events...', ['Mod+Alt+F'], () => focusControl('search')),
    add('nextMatch', 'Next matching event', ['Alt+PageDown'], () => trace.nextMatch(1), {
      enabled: () => trace.ready && trace.search !== undefined
    }),
    add('previousMatch', 'Previous matching event', ['Alt+PageUp'], () => trace.nextMatch(-1), {
      enabled: () => trace.ready && trace.search !== undefined
    }),
    add('nextFinding', 'Go to the next failed expectation or broken rule', ['Alt+F8'], () =>
      trace.goToFinding(1)
    ),
    add('previousFinding', 'Go to the previous failed expectation or broken rule', ['Shift+Alt+F8'], () =>
      trace.goToFinding(-1)
    ),
    add('firstDifference', 'Go to the first difference', ['Mod+Alt+D'], () => trace.goToDifference('first'), {
      enabled: two
    }),
    add('nextDifference', 'Go to the next difference', ['Alt+F7'], () => trace.goToDifference('next'), {
      enabled: two
    }),
    add(
      'previousDifference',
      'Go to the previous difference',
      ['Shift+Alt+F7'],
      () => trace.goToDifference('previous'),
      { enabled: two }
    ),
    add('breakUnfold', 'Break on unfold, or not any more', [], () =>
      trace.toggleBreakpoint({ kinds: ['unfold'] })
    ),
    add('breakTlbi', 'Break on TLBI, or not any more', [], () =>
      trace.toggleBreakpoint({ kinds: ['tlbi-page', 'tlbi-range', 'tlbi-mm'] })
    ),
    add('breakViolation', 'Break on a broken rule, or not any more', [], () =>
      trace.toggleBreakpoint({ kinds: ['violation'] })
    ),
    add('bookmark', 'Bookmark this event', ['Mod+Alt+B'], () => trace.bookmark('')),
    add('compareNext', 'Compare with the next cell of the sweep', [], () => void compareNext(), {
      enabled: () => trace.ready && finishedCells(runs.current).length > trace.sides.length
    }),
    add('compareRun', 'Compare with the run before', [], () => void compareRun(), {
      enabled: () => trace.ready && runs.summaries.filter(({ status }) => status === 'finished').length > 1
    }),
    add('compareMachines', 'Compare the machines of this cell', [], () => void compareMachines(), {
      enabled: () => trace.ready && (trace.sides[0]?.summary.machines.length ?? 0) > 1
    }),
    add('swapLead', 'Step the other column', [], () => trace.setLead(1 - trace.lead), { enabled: two }),
    add('lock', 'Lock or release the two columns', [], () => void (trace.locked = !trace.locked), {
      enabled: two
    })
  ]
  return () => removals.forEach((remove) => remove())
}

async function openAndShow(): Promise<void> {
  const shell = useShellStore()
  if (await openRun()) dock.show('timeline', shell.preset)
}
