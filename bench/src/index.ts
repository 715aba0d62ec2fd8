export { type BarRow, barsOf } from "./peers/bars.ts";
export { measurePeers, type PeerParts } from "./peers/measure-peers.ts";
