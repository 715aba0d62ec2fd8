import { fuzzServers } from "@sweetspot/test";
import type { Progress, ProofOutcome } from "./proof.ts";

const messages = 100_000;
const seed = 12;
const hangMilliseconds = 1000;

/** 10^5 mutated HTTP and gRPC messages against real servers: nothing may crash, hang, fail, or show the server's inside. */
export async function proveFuzz(progress: Progress): Promise<ProofOutcome> {
  progress(`${messages.toLocaleString("en-US")} mutated HTTP and gRPC messages to two models; this takes minutes`);
  const servers = await fuzzServers(["HTTP", "gRPC"], messages, seed, hangMilliseconds);
  for (const { model, protocol, report } of servers) {
    const statuses = Object.entries(report.statuses).map(([status, count]) => `${status}: ${count}`);
    const lingering = report.lingering === 0 ? "" : `; ${report.lingering} connections lingered after their end`;
    progress(`${protocol}, model with ${model}: ${statuses.join(", ")}${lingering}`);
    for (const { kind, index, detail } of report.findings) progress(`  ${kind} at message ${index}: ${detail}`);
  }
  const findings = servers.flatMap(({ report }) => report.findings);
  const found = (...kinds: (typeof findings)[number]["kind"][]) =>
    findings.filter(({ kind }) => kinds.includes(kind)).length;
  const sum = (figures: readonly number[]) => figures.reduce((total, figure) => total + figure, 0);
  const sent = (wanted: string) =>
    sum(servers.map(({ protocol, report }) => (protocol === wanted ? report.messages : 0)));
  const ends = servers.map(({ crashed, engineRestarts }) => Number(crashed) + engineRestarts);
  return {
    measures: [
      { name: "mutated HTTP messages", figure: sent("HTTP"), atLeast: messages / 2 },
      { name: "mutated gRPC messages", figure: sent("gRPC"), atLeast: messages / 2 },
      { name: "crashes of server or engine", figure: found("Crash") + sum(ends), atMost: 0 },
      { name: `hangs over ${hangMilliseconds / 1000} s`, figure: found("Hang"), atMost: 0 },
      { name: "answers with a path or a stack", figure: found("Leak"), atMost: 0 },
      { name: "answers with 500, or INTERNAL of the server's own", figure: found("ServerError"), atMost: 0 },
      { name: "good requests between them not answered well", figure: found("GoodRequestFailed"), atMost: 0 },
    ],
    raw: servers,
  };
}
