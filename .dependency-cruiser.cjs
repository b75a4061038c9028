/**
 * The law of the floors (see ARCHITECTURE.md): one rule a room, default deny. Lower floors know
 * nothing of higher ones; type-only imports count too. An exception is a line in `debts` with the
 * number of the issue that will remove it.
 */

const TEST = '\\.(test|bench)\\.ts$'
const NODE = { dependencyTypes: ['core'] }
/** @param {...string} names @returns {string} */
const packages = (...names) => `^node_modules/(${names.join('|').replaceAll('.', '\\.')})/`

/**
 * Folder of every room with the folders and packages it may import; itself is always allowed.
 * @type {Record<string, { floor: number, may: string[], node?: boolean }>}
 */
const ROOMS = {
  engine: { floor: 0, may: [] },
  explorer: { floor: 1, may: ['^src/engine/'] },
  lab: {
    floor: 2,
    may: [
      '^src/(engine|explorer|protocol)/',
      '^src/virtual\\.d\\.ts$',
      '^resources/',
      packages(
        '@jitl/quickjs-wasmfile-release-sync',
        '@swc/wasm-typescript',
        'canonicalize',
        'es-module-lexer',
        'fflate',
        'pure-rand',
        'quickjs-emscripten-core',
        'typescript',
        'valibot',
        'vega',
        'vega-interpreter',
        'vega-lite'
      )
    ],
    node: true
  },
  protocol: { floor: 2, may: ['^src/lab/results/', packages('birpc', 'valibot')] },
  simulator: { floor: 3, may: ['^src/(engine|explorer|lab|protocol|host)/', '^resources/'], node: true },
  host: {
    floor: 3,
    may: ['^src/(engine|explorer|lab|protocol)/', '^resources/', packages('valibot')],
    node: true
  },
  main: { floor: 4, may: ['^src/(protocol|host)/', packages('electron')], node: true },
  preload: { floor: 4, may: ['^src/protocol/', packages('electron')] },
  server: { floor: 4, may: ['^src/(protocol|host)/', packages('ws', '@types/ws')], node: true },
  cli: {
    floor: 4,
    may: ['^src/(engine|explorer|lab|protocol|host|server)/', '^resources/', packages('commander')],
    node: true
  },
  renderer: {
    floor: 4,
    may: [
      '^src/protocol/',
      '^resources/',
      packages(
        '@fontsource',
        '@fontsource-variable',
        '@leeoniya/ufuzzy',
        '@tanstack/vue-virtual',
        '@vscode/codicons',
        '@vueuse/core',
        'birpc',
        'dockview',
        'dockview-core',
        'dockview-vue',
        'dompurify',
        'markdown-it',
        '@types/markdown-it',
        'monaco-editor',
        'pinia',
        'reka-ui',
        'tinykeys',
        'valibot',
        'vega',
        'vega-interpreter',
        'vega-lite',
        'vega-[a-z]+',
        'vite',
        'vue'
      )
    ]
  }
}

/** Modules that only the build or the sandbox provides. */
const VIRTUAL = '^(virtual:engine-hash|contpte-lab|contpte-lab:(host|values|machine))$'

/** @param {number} floor @returns {string} the rooms that tests of that floor may reach for */
const notHigherThan = (floor) =>
  `^src/(${Object.entries(ROOMS)
    .filter(([, room]) => room.floor <= floor)
    .map(([name]) => name)
    .join('|')})/`

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const debts = []

const rooms = Object.entries(ROOMS).flatMap(([room, { floor, may, node }]) => {
  const here = `^src/${room}/`
  const allowed = [here, ...may, VIRTUAL, '^src/virtual\\.d\\.ts$']
  const noNode = {
    name: `floor-${floor}-${room}-no-node`,
    severity: 'error',
    comment: `src/${room} runs where there is no Node.`,
    from: { path: here, pathNot: TEST },
    to: NODE
  }
  return [
    {
      name: `floor-${floor}-${room}`,
      severity: 'error',
      comment: `src/${room} (floor ${floor}) may import only: ${[here, ...may].join(', ')}`,
      from: { path: here, pathNot: TEST },
      to: { pathNot: allowed, dependencyTypesNot: ['core'] }
    },
    {
      name: `floor-${floor}-${room}-tests`,
      severity: 'error',
      comment: `Tests of src/${room} know no higher floor either.`,
      from: { path: `${here}.*${TEST}` },
      to: {
        pathNot: [...allowed, notHigherThan(floor), '^(tools|resources|experiments|out)/'],
        dependencyTypesNot: ['core', 'npm', 'npm-dev']
      }
    },
    ...(node ? [] : [noNode])
  ]
})

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...rooms,
    {
      name: 'no-cycle',
      severity: 'error',
      comment:
        'Modules that need each other at run time are one module, or one of them is in the wrong place. ' +
        'A machine and its processes may name each other as types.',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }
    },
    {
      name: 'known-room',
      severity: 'error',
      comment: 'Every file of src/ belongs to a room that has a rule here.',
      from: { path: '^src/', pathNot: [`^src/(${Object.keys(ROOMS).join('|')})/`, '^src/[^/]+\\.d\\.ts$'] },
      to: {}
    },
    {
      name: 'no-test-in-product',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST },
      to: { path: [TEST, '^e2e/', '^tools/'] }
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'An import that resolves to nothing hides from every other rule.',
      from: { path: '^src/' },
      to: { couldNotResolve: true, pathNot: VIRTUAL }
    },
    {
      name: 'lane-is-light',
      severity: 'error',
      comment: 'A lane starts anew for every run: what it loads is time before the first cell.',
      from: { path: '^src/simulator/job\\.ts$' },
      to: { path: packages('@swc/wasm-typescript', 'typescript', 'vega', 'vega-lite'), reachable: true }
    },
    ...debts
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^out/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default']
    }
  }
}
