export { type BarRow, barsOf } from "./peers/bars.ts";
export { measurePeers, type PeerParts } from "./peers/measure-peers.ts";
export { interleave, type Round, ratioOf } from "./rounds.ts";
