import { INFER_ANSWER } from '../behaviours.ts'
import { FORMS, ROW, Starter } from '../contestants.ts'
import { copiesTable } from '../copies-table.ts'
import { LoadDriver } from '../driver.ts'
import { differenceBetween, ratioBetween, type Finding, type Results } from '../findings.ts'
import { errorCount } from '../load-plan.ts'
import { markdownTable, milliseconds, whole, withRange } from '../markdown.ts'
import { measure, type Measurement } from '../measure.ts'
import { startModelServers } from '../model-servers.ts'
import { Resources } from '../resources.ts'
import { Lineup, type Bench, type SectionReport } from '../section.ts'
import { rotated, spread } from '../statistics.ts'

const RATE_PER_S = 1000
const CONNECTIONS = 32
const WARM_UP_MS = 500
const TIMEOUT_MS = 5000

/** What clients feel at a rate that nobody has trouble with. */
export async function paced(bench: Bench): Promise<SectionReport> {
  await using resources = new Resources()
  const servers = resources.add(await startModelServers(bench.tools, INFER_ANSWER, 'head'))
  const driver = resources.add(new LoadDriver())
  const start = new Starter(bench.tools, servers)
  const lineup = new Lineup(resources)
  lineup.add(start.direct())
  lineup.add(await start.envoy(ROW.envoyMirror, true))
  lineup.add(await start.understudy(ROW.mirror, true, FORMS.copying))
  lineup.add(await start.understudy(ROW.compare, true, FORMS.comparing))

  const { rounds, seconds } = bench.options
  const measureMs = seconds * 1000
  const shape = { connections: CONNECTIONS, fresh: false, warmUpMs: WARM_UP_MS, measureMs, timeoutMs: TIMEOUT_MS }
  const results = new Map<string, Measurement[]>(lineup.contestants.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const contestant of rotated(lineup.contestants, round)) {
      const run = await measure(driver, contestant, shape, RATE_PER_S)
      // Round 0 is for the compilers of all processes.
      if (round > 0) results.get(contestant.name)?.push(run)
    }
    if (round > 0) console.error(`  round ${round} of ${rounds}`)
  }
  const lagUs = Math.max(...[...results.values()].flat().map(run => run.driverLagP99Us))
  const caption =
    `Open loop, corrected for coordinated omission. CPU at this rate is not that of a saturated request. ` +
    `Worst p99 of the driver's own lateness: ${milliseconds(lagUs)} ms.`
  return {
    title: `Paced: ${whole(RATE_PER_S)} requests/s on ${CONNECTIONS} kept connections`,
    paragraphs: [table(results), caption, await copiesTable(lineup.contestants)],
    findings: [ROW.mirror, ROW.compare].flatMap(row => findings(results, row)),
  }
}

function table(results: Results<Measurement>): string {
  const rows = [...results].map(([name, runs]) => [
    name,
    withRange(spread(runs.map(run => run.p50Us)), milliseconds),
    withRange(spread(runs.map(run => run.p99Us)), milliseconds),
    name === ROW.direct ? '—' : withRange(spread(runs.map(run => run.cpuUsPerRequest)), whole),
    whole(runs.reduce((sum, run) => sum + errorCount(run), 0)),
  ])
  return markdownTable(['', 'p50 ms', 'p99 ms', 'CPU µs/request', 'errors'], rows)
}

function findings(results: Results<Measurement>, row: string): Finding[] {
  const id = row === ROW.mirror ? 'mirror' : 'compare'
  const lower = { better: 'lower' as const }
  return [
    differenceBetween(
      { ...lower, id: `paced-${id}-added-p50`, name: `added p50: ${row} − ${ROW.direct}`, unit: 'ms', target: 0.3 },
      results,
      row,
      ROW.direct,
      run => run.p50Us / 1000,
    ),
    ratioBetween(
      {
        ...lower,
        id: `paced-${id}-p99-per-envoy-mirror`,
        name: `p99: ${row} / ${ROW.envoyMirror}`,
        unit: 'ratio',
        target: 1,
      },
      results,
      row,
      ROW.envoyMirror,
      run => run.p99Us,
    ),
  ]
}
