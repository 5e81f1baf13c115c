import { describe, expect, test, vi } from 'vitest'
import { VerdictWatch } from '../../../src/control/verdict-watch.ts'

describe('whoever waits for a verdict', () => {
  test('waits for nothing when it is there, or when there is no time', async () => {
    const watch = new VerdictWatch()
    await watch.until('e', 60_000, () => true)
    await watch.until('e', 0, () => false)
  })

  test('is told by the look that decides, not by those before it or by those at others', async () => {
    const watch = new VerdictWatch()
    let decided = false
    const waited = vi.fn<() => void>()
    const waiting = watch.until('e', 60_000, () => decided).then(waited)
    watch.looked('e')
    decided = true
    watch.looked('other')
    await Promise.resolve()
    expect(waited).not.toHaveBeenCalled()
    watch.looked('e')
    await waiting
    expect(waited).toHaveBeenCalledOnce()
  })

  test('is let go when its time is over', async () => {
    await new VerdictWatch().until('e', 5, () => false)
  })
})
