import { expect, test } from 'vitest'
import { SqliteDocuments } from '../../../../src/judge/store/documents.ts'
import { openStateFile } from '../../../../src/judge/store/open.ts'
import { StateFile } from '../../../../src/judge/store/state-file.ts'
import { SqliteWindows } from '../../../../src/judge/store/windows.ts'
import { stateDir } from '../../../support/state-dir.ts'
import { START, windowOf } from '../../../support/verdicts.ts'

test('a transaction that fails in its last part leaves nothing of the others, and the next one has them', () => {
  openStateFile(
    stateDir(),
    () => {},
    (database, path) => {
      const file = new StateFile(path, database, () => {})
      const documents = new SqliteDocuments(database, file, () => {})
      documents.set('percent', 5)
      const impossible = { write: () => database.exec('INSERT INTO nowhere VALUES (1)'), written: () => {} }
      file.write([documents, impossible])
      const stored = () => database.prepare('SELECT text FROM documents').all().length
      expect([file.writeFailures, stored(), documents.get('percent')]).toEqual([1, 0, 5])
      file.write([documents])
      expect([file.writeFailures, stored()]).toEqual([1, 1])
      file.close()
    },
  )
})

/** SQLite says the same at its own limit of pages as at the end of a disk: SQLITE_FULL. */
test('what a full disk refuses is served from memory, counted, and written when there is room', () => {
  const said: string[] = []
  openStateFile(
    stateDir(),
    () => {},
    (database, path) => {
      const file = new StateFile(path, database, (level, message) => void said.push(`${level} ${message}`))
      const windows = new SqliteWindows(database, file)
      const documents = new SqliteDocuments(database, file, () => file.write([windows, documents]))
      documents.set('percent', 5)
      database.exec('PRAGMA max_page_count = 1')
      for (let i = 0; i < 500; i++) windows.add(windowOf(START + i, { agree: 1 }, 'e'))
      documents.set('percent', 10)
      documents.set('percent', 20)
      expect([file.writeFailures, documents.get('percent')]).toEqual([2, 20])
      expect(windows.newest('e', 2).map(({ second }) => second)).toEqual([START + 498, START + 499])
      expect(windows.has({ experiment: 'e', origin: 't', second: START })).toBe(true)
      expect(said).toEqual(['error the state cannot be stored; it is kept in memory and tried again every second'])

      database.exec('PRAGMA max_page_count = 1000')
      file.write([windows, documents])
      expect(said.slice(1)).toEqual(['info the state is written again'])
      expect(
        database
          .prepare('SELECT text FROM documents')
          .all()
          .map(row => row['text']),
      ).toEqual(['20'])
      expect(database.prepare('SELECT count(*) AS n FROM windows').get()?.['n']).toBe(500)
      file.close()
      expect([documents.get('percent'), windows.newest('e', 9)]).toEqual([undefined, []])
    },
  )
})
