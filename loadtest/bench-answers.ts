/** The larger answers of the model servers of `npm run bench`; the small one is `INFER_ANSWER`. */

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
