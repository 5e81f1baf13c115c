import { describe, expect, test } from 'vitest'
import { readNames, readTable } from '../../support/markdown-table.ts'

const table = (rows: string): string =>
  `text\n<!-- table:codes -->\n| code (upper case) | Means |\n| --- | :-: |\n${rows}\n<!-- /table -->\n| other | x |\n`

describe('a table of the README', () => {
  test('is read by column, without backticks around a whole cell', () => {
    expect(readTable(table('| `A` | use `x` |\n| `B` | a \\| b |'), 'codes')).toEqual([
      { code: 'A', means: 'use `x`' },
      { code: 'B', means: 'a | b' },
    ])
  })

  test('gives its first column as names', () => {
    expect(readNames(table('| `A` |  |\n| `GET /b` | x |'), 'codes')).toEqual(['A', 'GET /b'])
  })

  test.each([
    ['no marker', 'nothing', 'there is no <!-- table:codes -->'],
    ['two tables of a name', `${table('| `A` | |')}${table('| `A` | |')}`, 'there are two'],
    ['no end', table('| `A` | |').replace('<!-- /table -->', ''), 'is not closed'],
    ['no rows', table(''), 'is no table'],
    ['a row that is none', table('| `A` | x |\nrubbish'), 'not a row'],
    ['a missing cell', table('| `A` |'), '1 cells under 2 columns'],
  ])('with %s is an error', (_, markdown, message) => {
    expect(() => readTable(markdown, 'codes')).toThrow(message)
  })

  test('with a name that is repeated or not in backticks is an error', () => {
    expect(() => readNames(table('| `A` | 1 |\n| `A` | 2 |'), 'codes')).toThrow('A stands there twice')
    expect(() => readNames(table('| A | 1 |'), 'codes')).toThrow('no name in backticks')
  })
})
