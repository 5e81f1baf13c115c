import type { GateResult } from '../../../evidence/gate.ts'
import { grouped } from '../../../evidence/words.ts'
import type { LookPoint } from '../../look-history.ts'
import { numbers, words, type Section, type Table } from '../document.ts'
import { gateFigure, gateInterval, gateUnit, momentFigure, NOTHING, type GateUnit } from '../figures.ts'
import type { ReportInput } from '../report-input.ts'
import { intervalPicture } from '../svg/interval-picture.ts'

/** Rows of the table beside the pictures. */
const LOOKS_LISTED = 12

type UnitOf = (gate: string) => GateUnit

/** What was asked of the candidate, and how its answer came about. */
export function gatesSection({ look, history, plan }: ReportInput): Section {
  const unitOf: UnitOf = gate => gateUnit(gate, plan.gates)
  const pictures = look.gates.flatMap(({ id }) => {
    return intervalPicture({ id, unit: unitOf(id) }, history, look.firstSecond ?? 0) ?? []
  })
  return {
    id: 'gates',
    title: 'Gates',
    notes: [
      ...look.gates.map(({ reason }) => `${reason}.`),
      'Intervals hold at every look at once. An interval that is still wide is cut off at the edge of its picture.',
    ],
    pictures,
    tables: [evidenceTable(look.gates, unitOf), looksTable(look.gates, history, unitOf)],
  }
}

function evidenceTable(gates: readonly GateResult[], unitOf: UnitOf): Table {
  return {
    caption: 'Evidence; log E decides where it reaches the number behind the slash',
    columns: [
      words('gate'),
      words('state'),
      numbers('votes'),
      numbers('estimate'),
      numbers('interval'),
      numbers('margin'),
      numbers('log E harm'),
      numbers('log E safe'),
    ],
    rows: gates.map(({ id, state, n, estimate, interval: [lower, upper], margin, logE, threshold }) => [
      id,
      state,
      grouped(n),
      gateFigure(unitOf(id), estimate),
      gateInterval(unitOf(id), { lower, upper }),
      gateFigure(unitOf(id), margin),
      `${logE.harm.toFixed(2)} / ${threshold.harm.toFixed(2)}`,
      `${logE.safe.toFixed(2)} / ${threshold.safe.toFixed(2)}`,
    ]),
    isFolded: false,
  }
}

function looksTable(gates: readonly GateResult[], history: readonly LookPoint[], unitOf: UnitOf): Table {
  const listed = spread(history, LOOKS_LISTED)
  return {
    caption: `Looks over time: estimate, and interval in brackets (${listed.length} of ${history.length} that are kept)`,
    columns: [words('judged up to (UTC)'), words('verdict'), ...gates.map(({ id }) => numbers(id))],
    rows: listed.map(point => [
      momentFigure(point.second + 1),
      point.verdict,
      ...gates.map(({ id }) => {
        const gate = point.gates.find(each => each.id === id)
        return gate === undefined || gate.estimate === null
          ? NOTHING
          : `${gateFigure(unitOf(id), gate.estimate)} (${gateInterval(unitOf(id), gate)})`
      }),
    ]),
    isFolded: true,
  }
}

/** `count` of them, evenly spaced, the newest always among them. */
function spread<T>(all: readonly T[], count: number): T[] {
  const step = Math.max(1, all.length / count)
  return all.filter((_, i) => Math.floor((all.length - 1 - i) / step) !== Math.floor((all.length - 2 - i) / step))
}
