import type { ServerResponse } from "node:http";

/**
 * To be called after the end of an answer. Where the client does not take it at once, its connection is cut as soon as
 * it has taken nothing for `milliseconds`: otherwise clients that never read would hold their answers in memory for good.
 */
export function cutSlowReader(response: ServerResponse, milliseconds: number): void {
  const { socket } = response;
  // Node clears the timer itself when the next request of the connection begins.
  if (socket !== null && socket.writableLength > 0) response.setTimeout(milliseconds, () => response.destroy());
}
