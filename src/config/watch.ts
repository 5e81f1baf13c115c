import { createHash } from 'node:crypto'
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Editors and Kubernetes change a file in several steps; this long after the last one the files are read. */
const SETTLE_MS = 200
/**
 * Steps that go on for longer are none: something else writes into the directory (the file sink does, many times a
 * second), and a file that is still missing was removed.
 */
const PATIENCE_MS = 2_000
/** How soon a watch that broke (its directory was replaced or is away) is set up again. */
const REWATCH_MS = 1_000

/**
 * Calls `onChange` when the content of one of the files is another than before. Watches their directories, because a watch
 * on a file sees nothing of an editor that replaces it, nor of Kubernetes swapping the `..data` link of a mounted ConfigMap.
 * While the first file, the routing file, is missing there is nothing to say; that another one is missing is a change once
 * it stays so: the first may name others by now. Does not keep the process alive.
 */
export function watchFiles(files: readonly string[], onChange: () => void): { close(): void } {
  const directories = [...new Set(files.map(file => dirname(resolve(file))))]
  let seen = readContents(files).hash
  let watchers: FSWatcher[] = []
  const checkTimer = new RestartedTimer()
  const rewatchTimer = new RestartedTimer()
  /** The first event of a change that has not been looked at for the last time; null: none. */
  let sinceMs: number | null = null

  function onEvent(): void {
    checkTimer.start(check, Math.min(SETTLE_MS, patienceLeftMs()))
  }

  function patienceLeftMs(): number {
    sinceMs ??= performance.now()
    return Math.max(0, PATIENCE_MS - (performance.now() - sinceMs))
  }

  function check(): void {
    const { hash, isFirstMissing, isAnyMissing } = readContents(files)
    // Its directory may be another one when it comes back.
    if (isAnyMissing) rewatchTimer.start(rewatch, REWATCH_MS)
    const leftMs = patienceLeftMs()
    if (isAnyMissing && !isFirstMissing && hash !== seen && leftMs > 0) return checkTimer.start(check, leftMs)
    sinceMs = null
    if (isFirstMissing || hash === seen) return
    seen = hash
    onChange()
  }

  function start(): void {
    closeWatchers()
    for (const directory of directories) {
      try {
        const watcher = watch(directory, { persistent: false }, onEvent)
        watcher.on('error', () => rewatchTimer.start(rewatch, REWATCH_MS))
        watchers.push(watcher)
      } catch {
        rewatchTimer.start(rewatch, REWATCH_MS)
      }
    }
  }

  function rewatch(): void {
    start()
    check()
  }

  function closeWatchers(): void {
    for (const watcher of watchers) watcher.close()
    watchers = []
  }

  start()
  return {
    close() {
      checkTimer.stop()
      rewatchTimer.stop()
      closeWatchers()
    },
  }
}

/** Of several starts the last one counts. Does not keep the process alive. */
class RestartedTimer {
  #timer: NodeJS.Timeout | null = null

  start(action: () => void, delayMs: number): void {
    this.stop()
    this.#timer = setTimeout(action, delayMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
  }
}

interface Contents {
  readonly hash: string
  readonly isFirstMissing: boolean
  readonly isAnyMissing: boolean
}

/** A missing file is content too: no hash of 32 bytes is that of a file which is not there. */
function readContents(files: readonly string[]): Contents {
  const hash = createHash('sha256')
  const isMissing = files.map(file => {
    const digest = digestOf(file)
    hash.update(digest ?? 'missing')
    return digest === null
  })
  return { hash: hash.digest('hex'), isFirstMissing: isMissing[0] === true, isAnyMissing: isMissing.includes(true) }
}

function digestOf(file: string): Buffer | null {
  try {
    return createHash('sha256').update(readFileSync(file)).digest()
  } catch {
    return null
  }
}
