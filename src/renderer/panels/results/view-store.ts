import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { filterRows, hideColumns, nextSort, sortRows, type Sort } from '../../parts/grid/view'
import type { Table } from '../../parts/grid/table'
import { parameterValues } from '../../parts/parameters'
import { useRunsStore } from '../../stores/runs'
import { arrange, counterRows, splitRows, withoutCounters } from './pivot'

/** More metrics than this make a table that is wider than a window: they become lines. */
const MOST_METRIC_COLUMNS = 6

/** How the result table is arranged; outlives the panel, and the copy commands read it. */
export const useResultsView = defineStore('results-view', () => {
  const runs = useRunsStore()

  /** `auto` until the user chooses: lines where there are many metrics. */
  const chosenMetrics = ref<'columns' | 'rows'>()
  /** `''` for none; undefined until the user chooses: the kernel, where it is swept. */
  const chosenAcross = ref<string>()
  const differences = ref(true)
  const counters = ref(false)
  const filter = ref('')
  const hidden = ref<ReadonlySet<string>>(new Set())
  const sort = ref<Sort>()

  const parts = computed(() => splitRows(runs.current?.rows ?? []))
  const hiddenCounters = computed(() => (counters.value ? 0 : counterRows(parts.value.cells)))
  const rows = computed(() => (counters.value ? parts.value.cells : withoutCounters(parts.value.cells)))

  /** Parameters with more than one value: those worth putting side by side. */
  const spreadable = computed(() => {
    const cells =
      runs.current?.cells.filter(({ key }) => key !== '').map(({ parameters }) => parameters) ?? []
    return [...parameterValues(cells)].filter(([, values]) => values.length > 1).map(([name]) => name)
  })

  const metrics = computed<'columns' | 'rows'>({
    get: () =>
      chosenMetrics.value ??
      (new Set(rows.value.map(({ metric }) => metric)).size > MOST_METRIC_COLUMNS ? 'rows' : 'columns'),
    set: (value) => (chosenMetrics.value = value)
  })
  const across = computed<string>({
    get: () => {
      const chosen = chosenAcross.value ?? (spreadable.value.length > 1 ? 'kernel' : '')
      return spreadable.value.includes(chosen) ? chosen : ''
    },
    set: (value) => (chosenAcross.value = value)
  })

  const arranged = computed(() =>
    arrange(rows.value, {
      metrics: metrics.value,
      across: across.value || undefined,
      differences: differences.value
    })
  )
  const shown = computed<Table>(() =>
    hideColumns(sortRows(filterRows(arranged.value, filter.value), sort.value), hidden.value)
  )
  /** Figures of `conclude`, which belong to no cell. */
  const conclusions = computed<Table>(() =>
    filterRows(arrange(parts.value.conclusions, { metrics: 'rows' }), filter.value)
  )

  function sortBy(column: string) {
    sort.value = nextSort(sort.value, column)
  }

  function toggleColumn(id: string) {
    const next = new Set(hidden.value)
    if (!next.delete(id)) next.add(id)
    hidden.value = next
  }

  return {
    metrics,
    across,
    differences,
    counters,
    filter,
    hidden,
    sort,
    spreadable,
    hiddenCounters,
    arranged,
    shown,
    conclusions,
    sortBy,
    toggleColumn
  }
})
