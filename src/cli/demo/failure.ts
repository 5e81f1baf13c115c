/** The run cannot go on, for a reason outside the code of the demo: said plainly, without a stack. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure'
}
