import { grouped } from '../../../evidence/words.ts'
import { total } from '../../../wire/total.ts'
import { OUTCOMES, type Outcome } from '../../../wire/outcomes.ts'
import { numbers, words, type Section, type Table } from '../document.ts'
import { shareFigure } from '../figures.ts'
import type { ReportInput } from '../report-input.ts'

const EXAMPLES_LISTED = 10
const DIFFERENCES_LISTED = 3
const CONFUSIONS_LISTED = 30

const MEANINGS: Readonly<Record<Outcome, string>> = {
  agree: 'both answered, and the predictions are the same',
  disagree: 'both answered, and the predictions differ',
  shadow_error: 'only the candidate failed',
  primary_error: 'only the primary failed',
  both_error: 'both failed',
  incomparable: 'both answered, and the answers could not be compared',
}

/** What the answers show, pair by pair. */
export function answersSection(input: ReportInput): Section {
  const tables = [outcomeTable(input), confusionTable(input), fieldTable(input), exampleTable(input)]
  return {
    id: 'answers',
    title: 'Answers',
    notes: [],
    pictures: [],
    tables: tables.filter((table, i) => i === 0 || table.rows.length > 0),
  }
}

function outcomeTable({ counts: { outcomes } }: ReportInput): Table {
  const pairs = total(outcomes)
  return {
    caption: 'Outcomes of all pairs',
    columns: [words('outcome'), numbers('pairs'), numbers('share'), words('meaning')],
    rows: OUTCOMES.map(outcome => [
      outcome,
      grouped(outcomes[outcome]),
      shareFigure(outcomes[outcome], pairs),
      MEANINGS[outcome],
    ]),
    isFolded: false,
  }
}

/** Counted since the analysis thread started, like the fields: windows hold no labels. */
function confusionTable({ confusions }: ReportInput): Table {
  const { pairs = [], other = 0 } = confusions ?? {}
  const listed = pairs.slice(0, CONFUSIONS_LISTED)
  const rest = pairs.slice(CONFUSIONS_LISTED).reduce((sum, { count }) => sum + count, other)
  const rows = listed.map(({ primary, shadow, count }) => [primary, shadow, grouped(count)])
  return {
    caption: 'Confusions: rows whose label differs, by both labels, since the process started',
    columns: [words('primary says'), words('candidate says'), numbers('rows')],
    rows: rest === 0 ? rows : [...rows, ['all others', '', grouped(rest)]],
    isFolded: false,
  }
}

function fieldTable({ topFields }: ReportInput): Table {
  return {
    caption: 'Fields that differ most often, since the process started',
    columns: [words('field'), words('kind of difference'), numbers('times')],
    rows: topFields.map(({ path, kind, count }) => [path, kind, grouped(count)]),
    isFolded: false,
  }
}

function exampleTable({ examples }: ReportInput): Table {
  return {
    caption: 'Newest disagreements, redacted like the records',
    columns: [words('arrived at'), words('request id'), words('field'), words('primary'), words('candidate')],
    rows: examples
      .slice(0, EXAMPLES_LISTED)
      .flatMap(({ arrivedAt, requestId, differences }) =>
        differences
          .slice(0, DIFFERENCES_LISTED)
          .map(({ path, kind, primary, shadow }) => [arrivedAt, requestId, `${path} (${kind})`, primary, shadow]),
      ),
    isFolded: true,
  }
}
