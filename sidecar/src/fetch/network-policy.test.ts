import { describe, expect, it } from "vitest";
import { NetworkPolicy } from "./network-policy.ts";

const internet = new NetworkPolicy([]);

describe("what may be read from", () => {
  it.each(["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "193.0.0.1"])("is %s", (address) => {
    expect(() => internet.check(address, "host")).not.toThrow();
  });

  it.each([
    ...[
      "10.0.0.1",
      "127.0.0.1",
      "127.255.255.254",
      "172.16.0.1",
      "192.168.1.1",
      "100.64.0.1",
      "0.0.0.0",
      "255.255.255.255",
    ],
    ...["::1", "::", "fc00::1", "fd12::1", "ff02::1", "2002:a00:1::", "64:ff9b::a00:1", "2001:db8::1", "::7f00:1"],
    ...["::ffff:10.0.0.1", "::ffff:a00:1", "0:0:0:0:0:ffff:7f00:1"],
  ])("is not %s, unless it is allowed", (address) => {
    expect(() => internet.check(address, "host")).toThrow(/^host has the address .* not of the internet/);
  });

  it.each(["169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe"])(
    "is never %s, where metadata of clouds is",
    (address) => {
      for (const policy of [internet, new NetworkPolicy(["0.0.0.0/0", "::/0", "169.254.0.0/16"])]) {
        expect(() => policy.check(address, "host")).toThrow(/link-local/);
        expect(policy.isAllowed(address)).toBe(false);
      }
    },
  );

  it("is a network that an administrator named, and no other", () => {
    const policy = new NetworkPolicy(["10.96.0.0/12", "fd00::/8"]);
    for (const address of ["10.100.0.1", "fd00::1", "::ffff:10.100.0.1"]) {
      expect(() => policy.check(address, "host")).not.toThrow();
      expect(policy.isAllowed(address)).toBe(true);
    }
    expect(() => policy.check("10.0.0.1", "host")).toThrow();
  });

  it.each(["10.0.0.0", "10.0.0.0/33", "host/8", "::/129"])("is not described by %s", (cidr) => {
    expect(() => new NetworkPolicy([cidr])).toThrow(/is no network/);
  });

  it("is nothing that is no address", () => {
    expect(() => internet.check("localhost", "host")).toThrow(/has no address/);
  });
});
