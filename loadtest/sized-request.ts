const EMPTY = { id: 'loadtest', inputs: [{ name: 'x', shape: [1, 0], datatype: 'FP32', data: [] }] }
const NUMBER = '0.125,'

/** An Open Inference Protocol call of exactly so many bytes: a row of numbers, as a picture or an embedding is sent. */
export function sizedRequest(bytes: number): string {
  // The shape holds one digit in EMPTY; seven more are enough for 10 MB of numbers.
  const count = Math.floor((bytes - JSON.stringify(EMPTY).length - 7) / NUMBER.length)
  if (count < 1) throw new RangeError(`a call does not fit into ${bytes} bytes`)
  const data = Array.from({ length: count }, () => Number.parseFloat(NUMBER))
  const text = JSON.stringify({ id: 'loadtest', inputs: [{ name: 'x', shape: [1, count], datatype: 'FP32', data }] })
  return text + ' '.repeat(bytes - text.length)
}
