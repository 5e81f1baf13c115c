import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What a process uses right now, from /proc (Linux only: elsewhere reading throws). */
export interface ProcessUse {
  /** Resident set size. */
  readonly rssBytes: number
  /** User and system time of all its threads since its start. */
  readonly cpuMs: number
  /** Open descriptors, and those of them that are sockets. */
  readonly handles: number
  readonly sockets: number
}

/** The kernel reports CPU time in ticks of 1/100 s to user space, whatever its own clock (USER_HZ). */
const MS_PER_TICK = 10

/** Throws when there is no such process. */
export function readProcess(pid: number): ProcessUse {
  return { rssBytes: readRssBytes(pid), cpuMs: readCpuMs(pid), ...readHandles(pid) }
}

export function readRssBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  if (line === null) throw new Error(`process ${pid} has no resident memory: it is gone`)
  return Number(line[1]) * 1024
}

export function readCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may itself hold blanks and parentheses; utime and stime are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
}

function readHandles(pid: number): { handles: number; sockets: number } {
  const folder = `/proc/${pid}/fd`
  const targets = readdirSync(folder).flatMap(name => readTarget(`${folder}/${name}`))
  return { handles: targets.length, sockets: targets.filter(target => target.startsWith('socket:')).length }
}

/** A descriptor that was closed since the folder was read has no target any more. */
function readTarget(link: string): string[] {
  try {
    return [readlinkSync(link)]
  } catch {
    return []
  }
}

/** Samples the resident set size until `stop`, which gives the peak: what bounded memory is judged by. */
export function watchRss(pid: number, everyMs = 50): { stop(): { peakBytes: number; samples: number } } {
  let peakBytes = readRssBytes(pid)
  let samples = 1
  const timer = setInterval(() => {
    try {
      peakBytes = Math.max(peakBytes, readRssBytes(pid))
      samples++
    } catch {
      clearInterval(timer) // the process is gone; what was seen stays
    }
  }, everyMs)
  return {
    stop: () => {
      clearInterval(timer)
      return { peakBytes, samples }
    },
  }
}
