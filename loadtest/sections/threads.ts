import { INFER_ANSWER, INFER_REQUEST } from '../behaviours.ts'
import { FORMS, Starter } from '../contestants.ts'
import { ratioBetween } from '../findings.ts'
import { startModelServers } from '../model-servers.ts'
import { Resources } from '../resources.ts'
import { Lineup, saturatedSection, type Bench, type SectionReport } from '../section.ts'

/** The kernel deals connections to threads by a hash: with few of them one thread gets most. */
const CONNECTIONS = 128
const ONE = 'Understudy mirror, 1 thread'
const TWO = 'Understudy mirror, 2 threads'

/** What a second data-plane thread is good for. */
export async function threads(bench: Bench): Promise<SectionReport> {
  await using resources = new Resources()
  const servers = resources.add(await startModelServers(bench.tools, INFER_ANSWER, 'head'))
  const start = new Starter(bench.tools, servers)
  const lineup = new Lineup(resources)
  lineup.add(await start.understudy(ONE, true, { ...FORMS.copying, threads: 1 }))
  lineup.add(await start.understudy(TWO, true, { ...FORMS.copying, threads: 2 }))
  const { contestants } = lineup
  const run = { body: INFER_REQUEST, connections: CONNECTIONS, servers, contestants }
  const { results, paragraphs } = await saturatedSection(bench, resources, run)
  const throughput = {
    id: 'threads-two-throughput-per-one',
    name: 'requests/s: two data-plane threads / one',
    unit: 'ratio',
    better: 'higher',
    target: 1.7,
    needsCores: true,
  } as const
  return {
    title: `Two data-plane threads, ${CONNECTIONS} connections, saturated`,
    paragraphs,
    findings: [ratioBetween(throughput, results, TWO, ONE, run => run.requestsPerS)],
  }
}
