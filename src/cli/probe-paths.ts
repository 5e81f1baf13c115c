import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { STATE_FILE } from '../judge/store/schema.ts'

/** Can the state be kept there? Nothing is opened or made. */
export async function probeState(dir: string): Promise<void> {
  await probeDirectory(dir)
  await probeWritable(join(dir, STATE_FILE))
}

/** Can the file sink write there: to a file, which may not be there yet, a pipe or a device? */
export async function probeFile(path: string): Promise<void> {
  const existing = await stat(path).catch(() => null)
  if (existing === null) return probeDirectory(dirname(resolve(path)))
  if (existing.isDirectory()) throw new Error('is not a file')
  await access(path, constants.W_OK)
  // Files are moved aside when they are full; nothing else is.
  if (existing.isFile()) await probeDirectory(dirname(resolve(path)))
}

/** A directory is made at the start: then the nearest one that is there must take it. */
async function probeDirectory(dir: string): Promise<void> {
  const existing = await stat(dir).catch(() => null)
  if (existing === null) return probeDirectory(dirname(resolve(dir)))
  if (!existing.isDirectory()) throw new Error(`${resolve(dir)} is not a directory`)
  await access(dir, constants.W_OK)
}

async function probeWritable(file: string): Promise<void> {
  if ((await stat(file).catch(() => null)) !== null) await access(file, constants.W_OK)
}
