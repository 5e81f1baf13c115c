import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FileSinkPlan } from '../config/snapshot.ts'

/** Records carry model inputs: readable by the owner and its group (log shippers), by nobody else. */
const FILE_MODE = 0o640

const LINE_FEED = 0x0a

/**
 * An append-only file of lines that moves itself to `path.1`, `path.2` ... `path.keep` (oldest) before it outgrows
 * `rotateBytes`. It opens on first use, makes its folder, and opens anew when something outside has moved or removed it.
 * A line that a crash or a full disk tore is ended before the next one begins, so no later line is harmed.
 */
export class RotatingFile {
  readonly #plan: FileSinkPlan
  #open: { handle: FileHandle; inode: bigint } | null = null
  #sizeBytes = 0
  /** The file ends in the middle of a line that is not ours to mend. */
  #torn = false

  constructor(plan: FileSinkPlan) {
    this.#plan = plan
  }

  /**
   * Writes as many of the lines as fit in the current file, at least one, in one go; rotates first when none fits.
   * @returns how many were written.
   * @throws the file system's error; then none of them was written, as far as the disk allows to undo it.
   */
  async append(lines: readonly string[]): Promise<number> {
    let handle = await this.#ready()
    if (this.#sizeBytes > 0 && this.#sizeBytes + lineBytes(lines[0] ?? '') > this.#plan.rotateBytes) {
      await this.#rotate()
      handle = await this.#ready()
    }
    const count = this.#fitting(lines)
    const bytes = Buffer.from(`${this.#torn ? '\n' : ''}${lines.slice(0, count).join('\n')}\n`)
    try {
      await handle.appendFile(bytes)
    } catch (error) {
      await this.#undo(handle, bytes.length)
      throw error
    }
    this.#torn = false
    this.#sizeBytes += bytes.length
    return count
  }

  /** Flushes to the disk and closes; append opens it again. */
  async close(): Promise<void> {
    const handle = this.#open?.handle
    this.#open = null
    if (handle === undefined) return
    await handle.sync().catch(() => undefined) // pipes and devices cannot
    await handle.close()
  }

  #fitting(lines: readonly string[]): number {
    let size = this.#sizeBytes
    let count = 0
    for (const line of lines) {
      size += lineBytes(line)
      if (count > 0 && size > this.#plan.rotateBytes) break
      count += 1
    }
    return count
  }

  async #ready(): Promise<FileHandle> {
    if (this.#open !== null) {
      const inode = await inodeOf(this.#plan.path)
      if (inode === this.#open.inode) return this.#open.handle
      await this.close()
    }
    await makeDirectory(dirname(this.#plan.path))
    const handle = await open(this.#plan.path, 'a+', FILE_MODE)
    try {
      const stats = await handle.stat({ bigint: true })
      this.#sizeBytes = stats.isFile() ? Number(stats.size) : 0
      this.#torn = this.#sizeBytes > 0 && (await lastByte(handle, this.#sizeBytes)) !== LINE_FEED
      this.#open = { handle, inode: stats.ino }
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async #rotate(): Promise<void> {
    await this.close()
    const { path, keep } = this.#plan
    if (keep === 0) return rm(path, { force: true })
    for (let i = keep - 1; i >= 1; i--) await renameIfThere(`${path}.${i}`, `${path}.${i + 1}`)
    await renameIfThere(path, `${path}.1`)
  }

  /** Takes back what a failed write left, unless the file grew by more than that: then it is not only ours. */
  async #undo(handle: FileHandle, attemptedBytes: number): Promise<void> {
    try {
      const { size } = await handle.stat()
      if (size > this.#sizeBytes && size < this.#sizeBytes + attemptedBytes) await handle.truncate(this.#sizeBytes)
    } catch {
      // The line feed before the next line does instead.
    }
    this.#open = null
    await handle.close().catch(() => undefined)
  }
}

/** Not in one go: Node's own recursion spins for ever where a directory is there and takes none, as /proc is. */
async function makeDirectory(directory: string): Promise<void> {
  if ((await inodeOf(directory)) !== null) return
  if (dirname(directory) !== directory) await makeDirectory(dirname(directory))
  try {
    await mkdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function lineBytes(line: string): number {
  return Buffer.byteLength(line) + 1
}

async function inodeOf(path: string): Promise<bigint | null> {
  try {
    return (await stat(path, { bigint: true })).ino
  } catch {
    return null
  }
}

async function lastByte(handle: FileHandle, sizeBytes: number): Promise<number | undefined> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, sizeBytes - 1)
  return buffer[0]
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
