import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { GrpcFront } from "./grpc.ts";
import type { LivePlan } from "./live-plan.ts";

/** All that listens. */
export interface Fronts {
  readonly http: FastifyInstance;
  /** null where it is off. */
  readonly grpc: GrpcFront | null;
  /** Metrics and the report. */
  readonly operations: FastifyInstance;
}

export interface FrontPorts {
  readonly httpPort: number;
  /** null where gRPC is off. */
  readonly grpcPort: number | null;
  readonly metricsPort: number;
}

/** Where to listen; 0 takes any free port, and gRPC without a port is off. */
export interface FrontAddresses {
  readonly host: string;
  readonly httpPort: number;
  readonly grpcPort?: number | null;
  readonly metricsPort: number;
}

/** Listens on every port. Where one cannot be had none is kept, and it rejects with the system's error. */
export async function listenAll(
  { host, httpPort, grpcPort = null, metricsPort }: FrontAddresses,
  { http, grpc, operations }: Fronts,
): Promise<FrontPorts> {
  try {
    await operations.listen({ host, port: metricsPort });
    await http.listen({ host, port: httpPort });
    const port = grpc === null || grpcPort === null ? null : await grpc.listen(host, grpcPort);
    return { httpPort: portOf(http), grpcPort: port, metricsPort: portOf(operations) };
  } catch (error) {
    await Promise.all([http.close(), grpc?.close(), operations.close()]);
    throw error;
  }
}

const portOf = (app: FastifyInstance): number => (app.server.address() as AddressInfo).port;

/** Connections that become idle while the last answers go out are closed too; HTTP keep-alive would hold them. */
export async function closeAll(
  { http, grpc, operations }: Fronts,
  plans: LivePlan,
  drainMilliseconds: number,
): Promise<void> {
  const closing = Promise.all([http.close(), grpc?.close()]);
  await plans.close(drainMilliseconds);
  const sweep = setInterval(() => http.server.closeIdleConnections(), 20);
  const force = setTimeout(
    () => {
      http.server.closeAllConnections();
      grpc?.endNow();
    },
    Math.max(200, drainMilliseconds),
  );
  await closing;
  clearInterval(sweep);
  clearTimeout(force);
  await operations.close();
}
