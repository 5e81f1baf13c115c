import type { BenchOptions } from './bench-options.ts'
import type { Contestant } from './contestants.ts'
import { copiesTable } from './copies-table.ts'
import type { Finding, Results } from './findings.ts'
import type { ModelServers } from './model-servers.ts'
import type { Resources } from './resources.ts'
import { complaints, saturate, saturatedTable, type SaturatedRun } from './saturated-rounds.ts'
import { startSaturator } from './saturator.ts'
import { shout, type Tools } from './tools.ts'

/** What every section of the bench is given. */
export interface Bench {
  readonly tools: Tools
  readonly options: Pick<BenchOptions, 'rounds' | 'seconds'>
}

export interface SectionReport {
  readonly title: string
  /** Markdown tables and paragraphs. */
  readonly paragraphs: readonly string[]
  readonly findings: readonly Finding[]
}

export type Section = (bench: Bench) => Promise<SectionReport>

/** Takes contestants that are there and will be stopped with the section. */
export class Lineup {
  readonly contestants: Contestant[] = []
  readonly #resources: Resources

  constructor(resources: Resources) {
    this.#resources = resources
  }

  add(contestant: Contestant | null): void {
    if (contestant !== null) this.contestants.push(this.#resources.add(contestant))
  }
}

export interface SaturatedSection {
  readonly body: string
  readonly connections: number
  readonly servers: ModelServers
  readonly contestants: readonly Contestant[]
}

/** The rounds of a section at saturation, and its two tables. */
export async function saturatedSection(
  { tools, options }: Bench,
  resources: Resources,
  { body, connections, servers, contestants }: SaturatedSection,
): Promise<{ results: Results<SaturatedRun>; paragraphs: string[] }> {
  const saturator = resources.add(startSaturator(tools.wrk, body))
  const results = await saturate(contestants, { saturator, servers, connections, ...options })
  for (const complaint of complaints(results)) shout('NOT COMPARABLE', complaint)
  const caption =
    `Closed loop of ${connections} kept connections, latencies as ${saturator.name} takes them (not corrected for ` +
    `omitted requests). Medians (min–max).`
  const own = await copiesTable(contestants)
  return { results, paragraphs: [saturatedTable(results), caption, own] }
}
