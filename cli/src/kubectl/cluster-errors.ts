import { ApiError } from "@sweetspot/operator";
import type { ExitName } from "../exit-codes.ts";
import { UserError } from "../user-error.ts";

/** Waits for an answer of the API server. Throws `UserError` with what happened and what to do, for any refusal of it. */
export async function orUserError<T>(what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const [exit, message] = inWords(what, error);
    throw new UserError(exit, message);
  }
}

/** The server names what it does not have; of a kind that it does not know it only says that the page is not there. */
const unknownKind = /the server could not find the requested resource|404 page not found/;

function inWords(what: string, error: ApiError): [ExitName, string] {
  const { status, message } = error;
  if (status === 404 && unknownKind.test(message)) {
    return [
      "ClusterRefused",
      "This cluster does not know InferenceDeployments. Install the chart, or choose --context.",
    ];
  }
  if (status === 404) {
    return ["ClusterRefused", `There is no ${what}. "kubectl sweetspot status -A" shows all that there are.`];
  }
  if (status === 403) {
    return [
      "ClusterRefused",
      `You may not do that: ${message} The chart adds these rights to the roles view and edit.`,
    ];
  }
  if (status === 401) {
    return ["ClusterRefused", "The cluster does not know who you are. Log in again, or choose --context."];
  }
  if (error.unreachable) {
    return ["Unavailable", `The cluster does not answer (${message}). Look at --context and --kubeconfig.`];
  }
  return ["ClusterRefused", `The cluster refused ${what}: ${message}`];
}
