import { startBenchKafka } from '../bench-kafka.ts'
import { INFER_ANSWER, INFER_REQUEST } from '../behaviours.ts'
import { FORMS, ROW, Starter } from '../contestants.ts'
import { ratioBetween, type Finding, type Question, type Results } from '../findings.ts'
import { startModelServers } from '../model-servers.ts'
import { Resources } from '../resources.ts'
import type { SaturatedRun } from '../saturated-rounds.ts'
import { Lineup, saturatedSection, type Bench, type SectionReport } from '../section.ts'

const CONNECTIONS = 32

/** All contestants with an ordinary prediction: what a request costs in processor time, and how many get through. */
export async function smallBodies(bench: Bench): Promise<SectionReport> {
  await using resources = new Resources()
  const servers = resources.add(await startModelServers(bench.tools, INFER_ANSWER, 'head'))
  const start = new Starter(bench.tools, servers)
  const lineup = new Lineup(resources)
  lineup.add(start.direct())
  lineup.add(await start.nginx(ROW.nginx, false))
  lineup.add(await start.nginx(ROW.nginxMirror, true))
  lineup.add(await start.haproxy())
  lineup.add(await start.envoy(ROW.envoy, false))
  lineup.add(await start.envoy(ROW.envoyMirror, true))
  lineup.add(await start.httpProxy())
  lineup.add(await start.floor())
  lineup.add(await start.understudy(ROW.plain, false, FORMS.copying))
  lineup.add(await start.understudy(ROW.mirror, true, FORMS.copying))
  lineup.add(await start.understudy(ROW.compare, true, FORMS.comparing))
  const kafka = await startBenchKafka()
  if (kafka !== null) {
    resources.add(kafka)
    lineup.add(await start.understudy(ROW.kafka, true, { ...FORMS.comparing, sinks: kafka.sinks }))
  }
  const { contestants } = lineup
  const run = { body: INFER_REQUEST, connections: CONNECTIONS, servers, contestants }
  const { results, paragraphs } = await saturatedSection(bench, resources, run)
  return {
    title: `Small bodies (${INFER_REQUEST.length} B), ${CONNECTIONS} connections, saturated`,
    paragraphs,
    findings: findings(results),
  }
}

function findings(results: Results<SaturatedRun>): Finding[] {
  const cpu = (id: string, over: string, under: string, target: number): Finding => {
    const name = `CPU per request: ${over} / ${under}`
    const question: Question = { id, name, unit: 'ratio', better: 'lower', target }
    return ratioBetween(question, results, over, under, run => run.cpuUsPerRequest)
  }
  const throughput: Question = {
    id: 'small-kafka-throughput-per-mirror',
    name: `requests/s: ${ROW.kafka} / ${ROW.mirror}`,
    unit: 'ratio',
    better: 'higher',
    target: 0.85,
    needsCores: true,
  }
  return [
    cpu('small-mirror-cpu-per-envoy-mirror', ROW.mirror, ROW.envoyMirror, 0.85),
    cpu('small-mirror-cpu-per-nginx-mirror', ROW.mirror, ROW.nginxMirror, 0.7),
    cpu('small-kafka-cpu-per-envoy-mirror', ROW.kafka, ROW.envoyMirror, 1),
    cpu('small-plain-cpu-per-envoy', ROW.plain, ROW.envoy, 1),
    cpu('small-plain-cpu-per-http-proxy', ROW.plain, ROW.httpProxy, 0.45),
    ratioBetween(throughput, results, ROW.kafka, ROW.mirror, run => run.requestsPerS),
  ]
}
