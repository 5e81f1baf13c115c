/**
 * Preloaded (`--import`) into processes that tests start: the parent holds the other end of file descriptor 3 and never
 * writes. When the parent is gone, however it went, the descriptor ends and so does this process.
 */
import { Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'

const PARENT_FD = 3

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

if (isMainThread) {
  const parent = new Socket({ fd: PARENT_FD, readable: true, writable: false })
  parent.on('end', die)
  parent.on('error', die)
  parent.resume()
  parent.unref() // it must not keep a process alive that is done
}
