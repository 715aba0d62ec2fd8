import { parseArgs } from "node:util";
import { workloads } from "../minilm-workloads.ts";
import { isPeerName, peerNames } from "./catalogue.ts";
import { measurePeers, type PeerParts } from "./measure-peers.ts";
import { peerTable } from "./table.ts";

const usage =
  "Usage: npm run bench -- peers [--only own,litserve,...] [--workloads 16-json,64-json,16-binary,mixed,uniform] [--capacity] [--regrid]";

/** `npm run bench -- peers`: what the words after it ask for, merged into `bench/results/peers.json`. */
export async function benchPeers(words: readonly string[]): Promise<void> {
  const results = await measurePeers(partsOf(words));
  console.log(`\n${peerTable(results)}`);
}

/** Without words all that there is, which takes more than half an hour. Throws `Error` with the usage. */
function partsOf(words: readonly string[]): PeerParts {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: "string" },
      workloads: { type: "string" },
      capacity: { type: "boolean", default: false },
      regrid: { type: "boolean", default: false },
    },
  });
  const servers = values.only?.split(",") ?? ["own", ...peerNames];
  const chosen = values.workloads?.split(",") ?? (values.capacity ? [] : Object.keys(workloads));
  if (!servers.every((name) => name === "own" || isPeerName(name)) || !chosen.every(isWorkload)) throw new Error(usage);
  return {
    servers: servers as PeerParts["servers"],
    workloads: chosen as PeerParts["workloads"],
    capacity: values.capacity || (values.only === undefined && values.workloads === undefined),
    regrid: values.regrid,
  };
}

const isWorkload = (name: string): boolean => Object.hasOwn(workloads, name);
