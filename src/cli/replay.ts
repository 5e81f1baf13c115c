import { viewOf, type VerdictView } from '../control/admin/verdict-view.ts'
import { readSource, SourceError } from '../replay/read-source.ts'
import { Replay, ReplayError } from '../replay/replay.ts'
import { quietLog } from '../sinks/quiet-log.ts'
import type { SinkLog } from '../sinks/sink.ts'
import { REPLAY_OPTIONS } from './commands.ts'
import { loadFile } from './load-file.ts'
import { readWordsAndOptions, required } from './options.ts'
import { evidenceNotes } from './replay-notes.ts'
import {
  printVerdict,
  readVerdictOutput,
  VERDICT_EXIT_CODES,
  type PrintedVerdict,
  type UnknownCoverage,
  type VerdictOutput,
} from './verdict-output.ts'

const UNUSABLE = 2
const NOT_REACHABLE = 3

/** `understudy replay`: ends like `understudy verdict`; 2 wrong use or unusable records, 3 Kafka not reachable. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = readWordsAndOptions(args, REPLAY_OPTIONS, Infinity)
  required(words[0], 'RECORDS')
  const output = readVerdictOutput(values.output)
  const { experiments, sinks } = loadFile(required(values.config, '-c FILE'))
  const log = quietLog(toStderr)
  const replay = new Replay({ plans: experiments, wanted: values.experiment ?? null, log })
  try {
    for (const source of words) await readSource(source, replay, { kafka: sinks.kafka, log })
    const { experiment, leftovers } = replay.choose()
    const { look, evidence } = experiment.judge()
    // Of other versions than the routing file's, where those were recorded.
    const judged = viewOf(experiment.plan.id, look, experiment.plan)
    const coverage = evidence.windows === 0 ? unknownCoverage(judged) : judged.coverage
    const view = { ...judged, ...evidence.versions, coverage }
    print(view, { ...evidence, ...leftovers }, evidenceNotes(evidence, leftovers, experiment.plan), output)
    return VERDICT_EXIT_CODES[view.verdict]
  } catch (error) {
    if (!(error instanceof SourceError) && !(error instanceof ReplayError)) throw error
    console.error(`understudy replay: ${error.message}`)
    return error instanceof SourceError && error.kind === 'unreachable' ? NOT_REACHABLE : UNUSABLE
  }
}

/** kafkajs warns of every attempt; how they ended is said by the error that ends the command. */
const toStderr: SinkLog = (level, message, fields) => {
  if (level === 'error') console.error(`understudy replay: ${message} ${JSON.stringify(fields)}`)
}

/** Of pair records alone, all of which were paired. */
function unknownCoverage({ coverage: { paired } }: VerdictView): UnknownCoverage {
  return { eligible: null, sampled: null, paired, lost: null, bounds: null }
}

/** What the verdict rests on is part of it, except in JUnit, which has no place for it. */
function print(view: PrintedVerdict, evidence: object, notes: readonly string[], output: VerdictOutput): void {
  switch (output) {
    case 'text':
      console.log([printVerdict(view, output), ...notes.map(note => `  ${note}`)].join('\n'))
      return
    case 'markdown':
      console.log([printVerdict(view, output), '', ...notes.map(note => `- ${note}`)].join('\n'))
      return
    case 'json':
      console.log(JSON.stringify({ ...view, evidence }))
      return
    case 'junit':
      console.log(printVerdict(view, output))
      for (const note of notes) console.error(note)
  }
}
