import { EngineError } from '../error'

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A value of unknown shape and the place where it stands, e.g. `profile.costs.read`. Each reader
 * answers the value typed, or throws `bad-cost-profile` naming the place.
 */
export class Shape {
  constructor(
    private readonly value: unknown,
    private readonly place: string
  ) {}

  wrong(what: string): EngineError {
    return new EngineError('bad-cost-profile', `${this.place} ${what}.`)
  }

  private record(): Readonly<Record<string, unknown>> {
    if (!isRecord(this.value)) throw this.wrong('must be an object')
    return this.value
  }

  keys(): string[] {
    return Object.keys(this.record())
  }

  at(name: string): Shape {
    return new Shape(this.record()[name], `${this.place}.${name}`)
  }

  optional(name: string): Shape | undefined {
    return this.record()[name] === undefined ? undefined : this.at(name)
  }

  /** Refuses fields of other names: a misspelt one would be lost in silence. */
  only(...names: readonly string[]): void {
    for (const key of this.keys()) {
      if (!names.includes(key)) throw this.at(key).wrong('is not a field here')
    }
  }

  text(): string {
    if (typeof this.value !== 'string' || this.value.trim() === '') throw this.wrong('must be a text')
    return this.value
  }

  flag(): boolean {
    if (typeof this.value !== 'boolean') throw this.wrong('must be true or false')
    return this.value
  }

  number(): number {
    if (typeof this.value !== 'number' || !Number.isFinite(this.value)) {
      throw this.wrong('must be a finite number')
    }
    return this.value
  }

  atLeast(least: number): number {
    const value = this.number()
    if (value < least) throw this.wrong(`must be at least ${least}, not ${value}`)
    return value
  }

  list<T>(read: (entry: Shape) => T): T[] {
    if (!Array.isArray(this.value)) throw this.wrong('must be a list')
    return this.value.map((entry: unknown, index) => read(new Shape(entry, `${this.place}[${index}]`)))
  }
}
