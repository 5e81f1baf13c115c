/** Request ids of the demo name their image, so that a pair record can be traced back to it. */
export function requestIdOf(image: number, sequence: number): string {
  return `image-${image}-${sequence}`
}

/** `Digit.index` of the image a request carried; null: the request was not the demo's own. */
export function imageOfRequest(requestId: string): number | null {
  const match = /^image-(\d+)-\d+$/.exec(requestId)
  return match === null ? null : Number(match[1])
}
