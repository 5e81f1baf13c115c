import { describe, expect, test } from 'vitest'
import { elementsNamed, parseXml, textOf } from '../../support/xml.ts'

describe('the XML reader', () => {
  test('reads elements, attributes, texts and entities', () => {
    const root = parseXml('<!DOCTYPE html>\n<a x="1 &lt; 2"><b/>text &amp; more<c><b>in</b></c></a>\n')
    expect(root.attributes).toEqual({ x: '1 < 2' })
    expect(textOf(root)).toBe('text & morein')
    expect(elementsNamed(root, 'b')).toHaveLength(2)
  })

  test.each([
    '<a>',
    '<a></b>',
    '<a/><b/>',
    '<a x=1/>',
    '<a x="<"/>',
    '<a x="1" x="2"/>',
    '<a>&nbsp;</a>',
    '<a>R&D</a>',
    '<a>\u0000</a>',
    '<a>\uD800</a>',
    'text',
  ])('refuses %j', text => {
    expect(() => parseXml(text)).toThrow(SyntaxError)
  })
})
