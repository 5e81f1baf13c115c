import { stat, writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { writeAtomically } from '../control/write-atomically.ts'
import { FORMAT_FACTS, isReportFormat, REPORT_FORMATS, type ReportFormat } from '../judge/report/format.ts'
import { adminSource, askAdmin, notUnderstudy } from './admin-source.ts'
import { REPORT_OPTIONS } from './commands.ts'
import { readWordsAndOptions, required, UsageError } from './options.ts'

const OK = 0
const NOT_REACHABLE = 3

/** `understudy report`: prints the promotion report or writes it to a file. 0; 2 wrong use, 3 not reachable. */
export async function run(args: string[]): Promise<number> {
  const { values, words } = readWordsAndOptions(args, REPORT_OPTIONS, 1)
  const experiment = required(words[0], 'EXPERIMENT')
  const format = readFormat(values.format, values.output)
  const source = adminSource(values)
  const path = `/api/v1/experiments/${encodeURIComponent(experiment)}/report`
  const asked = await askAdmin(source, path, { format })
  if (asked.kind === 'failed' || asked.contentType !== FORMAT_FACTS[format].contentType) {
    console.error(`understudy report: ${asked.kind === 'failed' ? asked.why : notUnderstudy(source)}`)
    return NOT_REACHABLE
  }
  if (values.output === undefined) process.stdout.write(asked.text)
  else await write(values.output, asked.text)
  return OK
}

/** As asked for; else as the name of the file ends. @throws UsageError */
function readFormat(format: string | undefined, file: string | undefined): ReportFormat {
  if (format === undefined) return formatByName(file ?? '')
  if (!isReportFormat(format)) throw new UsageError(`--format is ${REPORT_FORMATS.join(', ')}, not ${format}`)
  return format
}

/** A name without an ending, like that of a pipe, says nothing; one that is of none of ours asks for what there is not. */
function formatByName(file: string): ReportFormat {
  const extension = extname(file).slice(1)
  if (extension === '') return 'markdown'
  const found = REPORT_FORMATS.find(each => FORMAT_FACTS[each].extension === extension)
  if (found !== undefined) return found
  const known = REPORT_FORMATS.map(each => `.${FORMAT_FACTS[each].extension}`).join(', ')
  throw new UsageError(`--output ends in .${extension}, which is none of ${known}: give the --format too`)
}

/** What is no plain file, like a pipe or a terminal, cannot be replaced and is written to. @throws UsageError */
async function write(file: string, text: string): Promise<void> {
  try {
    const before = await stat(file).catch(() => null)
    await (before === null || before.isFile() ? writeAtomically(file, text) : writeFile(file, text))
  } catch (error) {
    throw new UsageError(`cannot write --output: ${error instanceof Error ? error.message : String(error)}`)
  }
}
