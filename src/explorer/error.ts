/** A model that says nothing the explorer can explore: the user's mistake, with the field in the message. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
}
