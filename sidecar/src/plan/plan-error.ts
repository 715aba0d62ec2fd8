/** Why a plan cannot be served. The message is fit for a report: what is wrong and what to do, without paths. */
export class PlanError extends Error {
  override readonly name = "PlanError";
}
