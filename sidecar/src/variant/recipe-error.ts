/** Why a variant cannot be made from its recipe. The message says what to do, without paths: it is fit for a report. */
export class RecipeError extends Error {
  override readonly name = "RecipeError";
}
