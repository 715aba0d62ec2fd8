/** A problem whose message is for the user: what happened and what to do next. Everything else is a fault of ours. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}
