import type { WriteStream } from 'node:tty'
import { statusLine, viewLines, type ViewState } from './view.ts'

/** Shows a run while it goes on. */
export interface Screen {
  /** A line that stays. */
  say(line: string): void
  /** Shows the state again and again until `close`. */
  follow(state: () => ViewState): void
  /** Leaves the terminal as it was, with the last view on it. */
  close(): void
}

const REDRAW_MS = 250
const STATUS_LINE_MS = 5_000

/** Some terminals say that they have no size. */
const DEFAULT_ROWS = 24
const DEFAULT_COLUMNS = 80

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_TO_END = '\u001b[J'
const up = (lines: number): string => (lines === 0 ? '' : `\u001b[${lines}A`)

/** Nothing at all: for `--json`. */
export const NO_SCREEN: Screen = { say: () => {}, follow: () => {}, close: () => {} }

/** Redraws in place on a terminal, writes a line now and then elsewhere. */
export function openScreen(out: NodeJS.WriteStream): Screen {
  return out.isTTY ? terminal(out) : plain(out)
}

function terminal(out: WriteStream): Screen {
  let drawnLines = 0
  let draw: (() => void) | null = null
  let timer: NodeJS.Timeout | undefined
  const showCursor = (): void => void out.write(SHOW_CURSOR)
  return {
    say: line => void out.write(`${line}\n`),
    follow: state => {
      out.write(HIDE_CURSOR)
      // However the process ends, the terminal is usable afterwards.
      process.once('exit', showCursor)
      draw = () => {
        // A wrapped or scrolled-off line would break the way back up.
        const lines = viewLines(state()).slice(0, (out.rows || DEFAULT_ROWS) - 1)
        const fitted = lines.map(line => line.slice(0, (out.columns || DEFAULT_COLUMNS) - 1))
        out.write(`\r${up(drawnLines)}${CLEAR_TO_END}${fitted.join('\n')}\n`)
        drawnLines = lines.length
      }
      draw()
      timer = setInterval(draw, REDRAW_MS)
    },
    close: () => {
      clearInterval(timer)
      draw?.()
      draw = null
      process.off('exit', showCursor)
      showCursor()
    },
  }
}

function plain(out: NodeJS.WritableStream): Screen {
  let timer: NodeJS.Timeout | undefined
  return {
    say: line => void out.write(`${line}\n`),
    follow: state => {
      timer = setInterval(() => out.write(`${statusLine(state())}\n`), STATUS_LINE_MS)
    },
    close: () => clearInterval(timer),
  }
}
