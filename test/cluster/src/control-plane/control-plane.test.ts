import { expect, test } from "vitest";
import { parseAuditLog } from "./audit-log.ts";
import { kubeconfig, newTokens, tokenFile } from "./credentials.ts";
import { apiServerArguments, type ControlPlaneSite } from "./flags.ts";

const site: ControlPlaneSite = {
  folder: "/x",
  address: "127.0.0.1",
  apiPort: 6443,
  etcdPort: 1,
  etcdPeerPort: 2,
  serviceRange: "10.0.0.0/24",
  hasNodes: true,
  audit: false,
};

test("writes one line per user with a token that nobody else has", () => {
  const users = [
    { name: "a", groups: ["g", "h"] },
    { name: "b", groups: [] },
  ];
  const tokens = newTokens(users);
  expect(new Set(tokens.values()).size).toBe(2);
  expect(tokenFile(users, tokens)).toBe(`${tokens.get("a")},a,a,"g,h"\n${tokens.get("b")},b,b,""\n`);
});

test("makes a kubeconfig that trusts the given authority and no other", () => {
  const { clusters } = JSON.parse(kubeconfig("https://10.0.0.1:6443", "PEM", "secret"));
  expect(Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64").toString()).toBe("PEM");
  expect(clusters[0].cluster).not.toHaveProperty("insecure-skip-tls-verify");
});

test("turns service accounts off only where no controller makes them", () => {
  expect(apiServerArguments(site).join(" ")).not.toContain("disable-admission-plugins");
  expect(apiServerArguments({ ...site, hasNodes: false })).toContain("--disable-admission-plugins=ServiceAccount");
});

test("writes an audit log only when asked", () => {
  expect(apiServerArguments(site).join(" ")).not.toContain("audit");
  expect(apiServerArguments({ ...site, audit: true })).toContain("--audit-log-path=/x/audit.log");
});

test("leaves out the last line of an audit log that is still being written", () => {
  expect(parseAuditLog('{"verb":"get"}\n{"verb":"li')).toEqual([{ verb: "get" }]);
  expect(parseAuditLog("")).toEqual([]);
});
