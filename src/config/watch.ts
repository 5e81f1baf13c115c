import { createHash } from 'node:crypto'
import { type FSWatcher, readFileSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Editors and Kubernetes change a file in several steps; this long after the last one the file is read. */
const SETTLE_MS = 200
/** How soon a watch that broke (its directory was replaced) is set up again. */
const REWATCH_MS = 1_000

/**
 * Calls `onChange` when the content of `file` is another than before. Watches the directory, because a watch on the file
 * sees nothing of an editor that replaces it, nor of Kubernetes swapping the `..data` link of a mounted ConfigMap.
 * Does not keep the process alive.
 */
export function watchConfig(file: string, onChange: () => void): { close(): void } {
  const directory = dirname(resolve(file))
  let seen = contentHash(file)
  let watcher: FSWatcher | null = null
  let timer: NodeJS.Timeout | null = null

  function check(): void {
    timer = null
    const hash = contentHash(file)
    // While the file is missing it is being replaced: the next event tells more.
    if (hash === null || hash === seen) return
    seen = hash
    onChange()
  }

  function later(action: () => void, delayMs: number): void {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(action, delayMs)
    timer.unref()
  }

  function start(): void {
    watcher?.close()
    watcher = null
    try {
      watcher = watch(directory, { persistent: false }, () => later(check, SETTLE_MS))
      watcher.on('error', () => later(restart, REWATCH_MS))
    } catch {
      later(restart, REWATCH_MS)
    }
  }

  function restart(): void {
    start()
    if (watcher !== null) check()
  }

  start()
  return {
    close() {
      if (timer !== null) clearTimeout(timer)
      watcher?.close()
    },
  }
}

function contentHash(file: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex')
  } catch {
    return null
  }
}
