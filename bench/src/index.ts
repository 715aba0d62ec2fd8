export { type BarRow, barsOf } from "./peers/bars.ts";
export { measurePeers, type PeerParts } from "./peers/measure-peers.ts";
export { bracketsDiffer, interleave, type Round, ratioOf } from "./rounds.ts";
export { simulatorRatios } from "./simulator.ts";
export { replayableRecordings } from "./truth/recorded-models.ts";
export type { Recording } from "./truth/recording.ts";
export { type ReplayedPick, replayRival, replayTuner } from "./truth/replay-share.ts";
export { hillClimb, type RivalSearch, randomSearch } from "./truth/rival-searches.ts";
export { TpeSearch } from "./truth/tpe-search.ts";
