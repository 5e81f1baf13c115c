/** What the model servers of `npm run bench` answer. */

/** The answer of a healthy stand-in, so that it makes no difference which kind of model server there is. */
export const SMALL_ANSWER = JSON.stringify({
  model_name: 'churn',
  model_version: '7',
  id: 'loadtest',
  outputs: [
    { name: 'probabilities', shape: [1, 3], datatype: 'FP32', data: [0.113, 0.224, 0.663] },
    { name: 'label', shape: [1, 1], datatype: 'BYTES', data: ['gold'] },
  ],
})

const EMBEDDING_LENGTH = 160
/** About 1 KiB: what a model makes of a picture or a text. */
export const LARGE_ANSWER = JSON.stringify({
  model_name: 'churn',
  model_version: '7',
  id: 'loadtest',
  outputs: [
    {
      name: 'embedding',
      shape: [1, EMBEDDING_LENGTH],
      datatype: 'FP32',
      data: Array.from({ length: EMBEDDING_LENGTH }, (_, i) => (i + 1) / 1000),
    },
  ],
})
