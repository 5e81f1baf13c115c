import { describe, expect, test } from 'vitest'
import { beginUpload, Collector, turnEnd } from '../../../support/upload.ts'

describe('a body over the limit', () => {
  test('is given up while it is gathered, and the rest is read and thrown away', async () => {
    const { client, owner, upload, send, end } = beginUpload({ limitBytes: 5 })
    send('four')
    client.pauseBody()
    send('more')
    expect(client.paused).toBe(false)
    send('and more')
    end()
    await turnEnd()
    expect(owner.heard).toEqual(['too large'])
    expect(upload.whole).toBe(false)
  })

  test('is given up while it is streamed: the connection never hears of an end', async () => {
    const { client, owner, upload, send, end } = beginUpload({ limitBytes: 5 })
    await turnEnd()
    const connection = new Collector()
    owner.stream?.pipeTo(connection)
    send('four')
    client.pauseBody()
    send('more')
    end()
    expect(owner.heard).toEqual(['asked', 'arriving', 'too large'])
    expect(client.paused).toBe(false)
    expect(upload.whole).toBe(false)
    expect(connection.ended).toBe(false)
  })
})

describe('a body that nobody wants any more', () => {
  test('is read on and thrown away, so that the connection can be used again', async () => {
    const { client, owner, upload, send, end } = beginUpload()
    await turnEnd()
    send('one')
    client.pauseBody()
    upload.discard()
    expect(client.paused).toBe(false)
    send('two')
    end()
    expect(owner.heard).toEqual(['asked', 'arriving'])
    expect(upload.whole).toBe(false)
  })

  test('stays whole when it is discarded after its end', async () => {
    const { owner, upload, send, end } = beginUpload()
    send('one')
    end()
    upload.discard()
    await turnEnd()
    expect(upload.whole).toBe(true)
    expect(owner.heard).toEqual(['whole one'])
  })
})
