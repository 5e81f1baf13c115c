/** Scripts without spaces between words begin at U+0E00: most texts need no further look. */
const MAY_BE_UNSPACED = /[\u0e00-\uffff]/
/** Each run of white space that is not one space. */
const UNTIDY = /\s{2,}|[^\S ]/g
const SPACE = 0x20
const DELETE = 0x7f

/** What two texts are compared by: Unicode NFKC, lower case, runs of white space as one space and none at the ends. */
export function normalised(text: string): string {
  const folded = isPlain(text) ? text.toLowerCase() : text.normalize('NFKC').toLowerCase().replaceAll(UNTIDY, ' ')
  return folded.trim()
}

/** Printable ASCII with single spaces, as most answers are: nothing but the case can change, and a look is cheaper. */
function isPlain(text: string): boolean {
  let last = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit <= SPACE ? unit < SPACE || last === SPACE : unit >= DELETE) return false
    last = unit
  }
  return true
}

/** Whether characters may stand for words in a text, so that spaces alone do not tell them apart. */
export function mayBeUnspaced(text: string): boolean {
  return MAY_BE_UNSPACED.test(text)
}
