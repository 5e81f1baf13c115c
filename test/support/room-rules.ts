import { posix } from 'node:path'
import { scanFile, type FoundImport } from './import-scan.ts'

/** What the files of a room may name besides their own room. `snapshot` is `config/snapshot.ts` alone. */
const ROOMS = new Map<string, readonly string[] | 'everything'>([
  ['cli', 'everything'],
  ['config', ['errors', 'clock']],
  ['dataplane', ['snapshot', 'wire', 'errors', 'clock']],
  ['wire', ['snapshot', 'errors', 'clock']],
  ['analysis', ['snapshot', 'wire', 'evidence', 'sinks', 'errors', 'clock']],
  ['evidence', []],
  ['judge', ['snapshot', 'evidence', 'wire', 'sinks']],
  ['replay', ['snapshot', 'config', 'analysis', 'evidence', 'judge', 'wire', 'sinks', 'errors', 'clock']],
  ['sinks', ['snapshot', 'wire', 'errors', 'clock']],
  ['control', ['snapshot', 'config', 'wire', 'analysis', 'evidence', 'judge', 'sinks', 'errors', 'clock']],
  ['errors', []],
  ['clock', []],
])

/** The one room or file that may import each package; one importing place each keeps every library replaceable. */
const LIBRARIES = new Map([
  ['undici', 'dataplane/upstream/'],
  ['http-proxy', 'dataplane/http/upgrade.ts'],
  ['kafkajs', 'sinks/kafka.ts'],
  ['hdr-histogram-js', 'analysis/latency.ts'],
  ['prom-client', 'control/metrics.ts'],
  ['pino', 'control/log.ts'],
  ['yaml', 'config/'],
  ['zod', 'config/'],
])

/** Threads are started by the URL of their file; nothing of it is loaded into the starting thread. */
const THREAD_FILES: readonly { readonly room: string; readonly file: string }[] = [
  { room: 'control', file: 'dataplane/worker.ts' },
]

export const FILE_LINES_MAX = 400

export interface Violation {
  /** Under src/. */
  readonly file: string
  readonly line: number
  readonly rule: string
}

/** Everything a file under src/ does against the rules of the rooms. `file` is its path under src/, with slashes. */
export function checkFile(file: string, source: string): Violation[] {
  const scanned = scanFile(source)
  const lines = source.replace(/\n$/, '').split('\n').length
  const violations: Violation[] = scanned.imports.flatMap(each => {
    const rule = brokenRule(file, each)
    return rule === null ? [] : [{ file, line: each.line, rule }]
  })
  if (!ROOMS.has(roomOf(file))) violations.push({ file, line: 1, rule: 'src/ has no such room: add it to the rules' })
  for (const line of scanned.defaultExports) violations.push({ file, line, rule: 'no default exports' })
  if (scanned.isBarrel) violations.push({ file, line: 1, rule: 'no file that only re-exports' })
  if (lines > FILE_LINES_MAX) violations.push({ file, line: lines, rule: `no file over ${FILE_LINES_MAX} lines` })
  return violations
}

/** One line per violation, as an editor can follow it. */
export function describeViolations(violations: readonly Violation[]): string {
  return violations.map(({ file, line, rule }) => `src/${file}:${line}  ${rule}`).join('\n')
}

function brokenRule(file: string, found: FoundImport): string | null {
  const { specifier } = found
  if (specifier === null) return 'name the file literally, so that this test can read it'
  if (specifier.startsWith('node:')) return null
  if (/^(\.\.?\/|\*)/.test(specifier)) return brokenRoomRule(file, found, specifier)
  return found.kind === 'url' ? brokenRoomRule(file, found, `./${specifier}`) : brokenLibraryRule(file, specifier)
}

function brokenLibraryRule(file: string, specifier: string): string | null {
  const library = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  const place = LIBRARIES.get(library)
  if (place === undefined) return `${library} is no library of the project, or a builtin without "node:"`
  const allowed = place.endsWith('/') ? file.startsWith(place) : file === place
  return allowed ? null : `${library} belongs to src/${place}`
}

function brokenRoomRule(file: string, found: FoundImport, specifier: string): string | null {
  const target = resolve(file, specifier)
  if (!target.endsWith('.ts')) {
    const isData = found.kind === 'url' && !/\.[cm]?[jt]sx?$/.test(target)
    return isData ? null : `${specifier} is no source file: read data through new URL(…, import.meta.url)`
  }
  if (target.startsWith('../')) return `${specifier} lies outside src/`
  const room = roomOf(file)
  const targetRoom = target === 'config/snapshot.ts' ? 'snapshot' : roomOf(target)
  const allowed = ROOMS.get(room)
  if (allowed === undefined || allowed === 'everything' || room === roomOf(target)) return null
  if (allowed.includes(targetRoom)) return null
  if (found.kind === 'url' && THREAD_FILES.some(each => each.room === room && each.file === target)) return null
  const may = allowed.length === 0 ? 'nothing' : allowed.join(', ')
  return `${room} may import ${may}: not ${target}`
}

/** The path under src/. A template's ending that depends on how the project runs, and `.js`, mean the source file. */
function resolve(file: string, specifier: string): string {
  const path = posix.normalize(posix.join(posix.dirname(file), specifier))
  return path.replace(/\.(js|\*)$|(?<=\w)\*$/, '.ts')
}

function roomOf(file: string): string {
  const slash = file.indexOf('/')
  return slash === -1 ? file.replace(/\.ts$/, '') : file.slice(0, slash)
}
