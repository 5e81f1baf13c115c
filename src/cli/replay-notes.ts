import type { ExperimentPlan } from '../config/snapshot.ts'
import { grouped } from '../evidence/words.ts'
import type { Evidence, Party } from '../replay/experiment-replay.ts'
import type { KeptReason } from '../replay/recompute.ts'
import type { Leftovers } from '../replay/replay.ts'

const KEPT_WORDS: Readonly<Record<KeptReason, string>> = {
  equal_bytes: 'with answers equal byte for byte',
  failed_leg: 'in which a leg had no answer',
  not_compared: 'whose answers were never compared',
  no_bodies: 'without bodies (see record.bodies)',
  cut: 'with a body over record.max_body',
  withheld: 'with a body that could not be redacted',
  redacted: 'with redacted fields',
  rewritten: 'of JSON that is compared as text, which records do not carry as it was written',
  rounded: 'with integers beyond 2^53',
}

/** What a replayed verdict rests on, in sentences: what was read, compared anew, taken as recorded, and left out. */
export function evidenceNotes(evidence: Evidence, leftovers: Leftovers, plan: ExperimentPlan): string[] {
  return [
    readNote(evidence),
    ...(evidence.recorded === plan.id ? [] : [`judged by ${plan.id}, which has other settings than the recording`]),
    ...versionNotes(evidence, plan),
    ...comparisonNotes(evidence),
    ...noiseNotes(evidence, plan),
    ...gapNotes(evidence),
    ...leftoverNotes(leftovers),
  ]
}

function readNote({ recorded, windows, pairs, duplicates }: Evidence): string {
  const twice = duplicates === 0 ? '' : `, ${counted(duplicates, 'duplicate')} left out`
  return `replayed ${recorded}: ${counted(windows, 'window')}, ${counted(pairs, 'pair record')}${twice}`
}

function versionNotes({ versions }: Evidence, plan: ExperimentPlan): string[] {
  if (versions === null) return []
  return (['primary', 'candidate'] as const).flatMap(side => {
    const [was, is] = [named(versions[side]), named(plan[side])]
    return was === is ? [] : [`the ${side} of the recording is ${was}, the routing file has ${is}: this judges ${was}`]
  })
}

function named({ upstream, version }: Party): string {
  return version === null ? `${upstream} (no version)` : `${upstream} (version ${version})`
}

function comparisonNotes({ pairs, recomputed, changed, kept, withoutRecord, windows }: Evidence): string[] {
  const changes = Object.entries(changed)
  const different = changes.reduce((sum, [, count]) => sum + count, 0)
  const list = changes.map(([change, count]) => `${grouped(count)} ${change}`).join(', ')
  const same = `${grouped(recomputed - different)} the same${different === 0 ? '' : `, ${list}`}`
  const reasons = (Object.keys(kept) as KeptReason[]).filter(reason => kept[reason] > 0)
  const taken = reasons.map(reason => `${grouped(kept[reason])} ${KEPT_WORDS[reason]}`)
  return [
    ...(pairs === 0 ? [] : [`${counted(recomputed, 'comparison')} recomputed, ${same}`]),
    ...(taken.length === 0 ? [] : [`${grouped(pairs - recomputed)} taken as recorded: ${taken.join(', ')}`]),
    ...(withoutRecord === 0
      ? []
      : [`${counted(withoutRecord, 'pair')} without a record, taken as their windows count`]),
    ...(windows === 0 ? ['no window records: coverage is unknown, what was dropped is not in these records'] : []),
  ]
}

/** Pairs of a control are in records of their own, and are not compared anew. */
function noiseNotes({ recorded, changed }: Evidence, plan: ExperimentPlan): string[] {
  const { agreement } = plan.gates
  if (agreement === null || !('belowNoise' in agreement)) return []
  const isSame = recorded === plan.id && Object.keys(changed).length === 0
  return isSame ? [] : ['agreement below noise is judged by the comparisons as they were recorded']
}

function gapNotes({ withoutWindow, changesLeftOut, slowdownLeftOut }: Evidence): string[] {
  const changes = `${counted(changesLeftOut, 'change')} left out: their windows do not count the pairs as recorded`
  const slowdown = `${counted(slowdownLeftOut, 'vote')} on slowdown left out: counted by another ratio, their pairs not all recorded`
  return [
    ...(withoutWindow === 0 ? [] : [`${counted(withoutWindow, 'pair')} left out: their seconds have no window record`]),
    ...(changesLeftOut === 0 ? [] : [changes]),
    ...(slowdownLeftOut === 0 ? [] : [slowdown]),
  ]
}

function leftoverNotes({ lines, damaged, otherRecords, otherExperiments }: Leftovers): string[] {
  const others = Object.entries(otherExperiments).map(([id, count]) => `${id} (${counted(count, 'record')})`)
  return [
    ...(damaged === 0 ? [] : [`${grouped(damaged)} of ${counted(lines, 'line')} damaged, left out`]),
    ...(otherRecords === 0 ? [] : [`${counted(otherRecords, 'record')} of other kinds left out`]),
    ...(others.length === 0 ? [] : [`other experiments in the records: ${others.join(', ')}`]),
  ]
}

function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`
}
