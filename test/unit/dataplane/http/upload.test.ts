import { describe, expect, test } from 'vitest'
import { beginUpload, readAll, turnEnd } from '../../../support/upload.ts'

describe('a body that comes within one turn', () => {
  test('is handed over whole, once, and nothing is streamed', async () => {
    const { owner, upload, send, end } = beginUpload()
    send('one ')
    send('two')
    end()
    await turnEnd()
    expect(owner.heard).toEqual(['whole one two'])
    expect([upload.whole, upload.streamed, upload.bytes]).toEqual([true, false, 7])
  })

  test('may be empty', () => {
    const { owner, upload, end } = beginUpload()
    end()
    expect(owner.heard).toEqual(['whole '])
    expect(upload.whole).toBe(true)
  })

  test('may be over the limit of the tee: whoever wants it is told its size', () => {
    const { owner, send, end } = beginUpload({ teeBytes: 2 })
    send('one')
    end()
    expect(owner.heard).toEqual(['whole one'])
  })
})

describe('a body that takes longer', () => {
  test('is streamed from its first byte and copied on the way', async () => {
    const { owner, upload, send, end } = beginUpload()
    send('one ')
    await turnEnd()
    expect(owner.heard).toEqual(['asked', 'arriving'])
    send('two ')
    await turnEnd()
    send('three')
    end()
    expect([upload.whole, upload.streamed, upload.bytes]).toEqual([true, true, 13])
    expect(owner.heard).toEqual(['asked', 'arriving', 'copied one two three'])
    expect(await readAll(owner.stream)).toBe('one two three')
  })

  test('is streamed although no byte of it is here yet', async () => {
    const { owner, send, end } = beginUpload()
    await turnEnd()
    expect(owner.heard).toEqual(['asked', 'arriving'])
    send('late')
    end()
    expect(await readAll(owner.stream)).toBe('late')
  })

  test('holds the client back while nobody reads, and lets it go on when somebody does', async () => {
    const { client, owner, send } = beginUpload()
    await turnEnd()
    send('x'.repeat(60_000))
    expect(client.paused).toBe(false)
    send('x'.repeat(20_000))
    expect(client.paused).toBe(true)
    void readAll(owner.stream)
    expect(client.paused).toBe(false)
  })

  test('over the limit of the tee is streamed whole and not copied', async () => {
    const { owner, send, end } = beginUpload({ teeBytes: 10 })
    await turnEnd()
    send('x'.repeat(10))
    send('y')
    end()
    expect(owner.heard).toEqual(['asked', 'arriving', 'not copied'])
    expect(await readAll(owner.stream)).toBe(`${'x'.repeat(10)}y`)
  })

  test('exactly at the limits passes', async () => {
    const { owner, send, end } = beginUpload({ limitBytes: 10, teeBytes: 10 })
    await turnEnd()
    send('x'.repeat(10))
    end()
    expect(owner.heard).toEqual(['asked', 'arriving', `copied ${'x'.repeat(10)}`])
  })
})

describe('a body that must be looked at first', () => {
  test('is gathered for as long as it takes and handed over whole', async () => {
    const { owner, upload, send, end } = beginUpload({ gatherBytes: 10 })
    send('one ')
    await turnEnd()
    send('two ')
    await turnEnd()
    end()
    expect(owner.heard).toEqual(['whole one two '])
    expect(upload.streamed).toBe(false)
  })

  test('is streamed from its first byte when it is longer than what may be gathered', async () => {
    const { owner, upload, send, end } = beginUpload({ gatherBytes: 10 })
    send('x'.repeat(10))
    await turnEnd()
    expect(owner.heard).toEqual([])
    send('y')
    expect(owner.heard).toEqual(['asked', 'arriving'])
    send('z')
    end()
    expect(owner.heard).toEqual(['asked', 'arriving', `copied ${'x'.repeat(10)}yz`])
    expect(await readAll(owner.stream)).toBe(`${'x'.repeat(10)}yz`)
    expect(upload.streamed).toBe(true)
  })
})

describe('a body that takes longer while others hold all the connections they may', () => {
  test('is held back and handed over whole', async () => {
    const { owner, upload, send, end } = beginUpload()
    owner.mayHoldConnection = false
    send('one ')
    await turnEnd()
    expect(owner.heard).toEqual([])
    send('two')
    await turnEnd()
    end()
    expect(owner.heard).toEqual(['whole one two'])
    expect(upload.streamed).toBe(false)
  })

  test('is streamed all the same when it is too long to be held', async () => {
    const { owner, send, end } = beginUpload()
    owner.mayHoldConnection = false
    await turnEnd()
    send('x'.repeat(64 * 1024))
    expect(owner.heard).toEqual([])
    send('y')
    expect(owner.heard).toEqual(['asked', 'arriving'])
    end()
    expect((await readAll(owner.stream)).length).toBe(64 * 1024 + 1)
  })
})
