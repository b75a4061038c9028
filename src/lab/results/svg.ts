/**
 * Charts as SVG, without a screen: the same bytes on every machine, because text widths are estimated
 * and nothing is loaded. Slow to load, and a specification can ask for endless work: only the check
 * worker imports this.
 */
import { type Loader, View, loader, logger, parse, Warn, type LoggerInterface } from 'vega'
import { expressionInterpreter } from 'vega-interpreter'
import { compile, type TopLevelSpec } from 'vega-lite'
import { LabError, problem } from '../diagnostic'
import type { Chart } from './types'

/** Loads nothing, links to nothing. */
function nothingLoader(): Loader {
  const refuse = (address: string): Promise<never> =>
    Promise.reject(new Error(`a chart cannot load '${address}': it shows the rows of its run`))
  return Object.assign(loader(), { load: refuse, sanitize: refuse, http: refuse, file: refuse })
}

/** Vega goes on after an error in a data flow and tells only its logger: the first one is ours. */
function strictLogger(failed: (message: string) => void): LoggerInterface {
  const log = logger(Warn)
  log.error = (...parts: unknown[]) => {
    failed(parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' '))
    return log
  }
  log.warn = () => log
  return log
}

/**
 * Renders a chart.
 * @throws LabError `bad-chart` with Vega's own message.
 */
export async function chartSvg(chart: Chart): Promise<string> {
  let failure: string | undefined
  const log = strictLogger((message) => (failure ??= message))
  try {
    const { spec } = compile(chart.spec as unknown as TopLevelSpec, { logger: log })
    const view = new View(parse(spec, undefined, { ast: true }), {
      renderer: 'none',
      expr: expressionInterpreter,
      loader: nothingLoader(),
      logger: log
    })
    const svg = await view.toSVG()
    view.finalize()
    if (failure === undefined) return `${svg}\n`
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    // The compiler trusts its input: where it stumbles, the specification is not Vega-Lite.
    failure ??= error instanceof TypeError ? `this is not a Vega-Lite specification (${message})` : message
  }
  throw new LabError(problem('bad-chart', `chart('${chart.name}'): ${failure}`))
}
