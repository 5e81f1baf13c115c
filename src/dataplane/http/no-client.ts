import type { Downstream } from './downstream.ts'

/**
 * Stands for the client of an exchange that has been answered. A copy may go on for seconds, and with it the exchange: it must
 * not keep the client's connection in memory for as long. With a shadow of 500 ms and a connection for each request that made
 * V8 collect everything each six seconds, and those seconds had twice the p99 (3 800 connections/s).
 */
export const NO_CLIENT: Downstream = {
  method: '',
  target: '',
  httpVersion: '',
  headers: {},
  rawHeaders: [],
  address: '',
  secure: false,
  hasBody: false,
  closeAfterAnswer: true,
  headWritten: true,
  statusWritten: 0,
  readBody: nothing,
  pauseBody: nothing,
  resumeBody: nothing,
  attend: nothing,
  informational: nothing,
  writeHead: nothing,
  flushHead: nothing,
  write: (_chunk, written) => {
    written?.()
    return true
  },
  keepUnread: () => true,
  end: nothing,
  abort: nothing,
}

function nothing(): void {}
