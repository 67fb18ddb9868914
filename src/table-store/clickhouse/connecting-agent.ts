import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ConnectingOptions {
  readonly keepAlive: boolean;
  readonly maxSockets: number;
  /** How long a connection may take until it is there. */
  readonly connectMs: number;
}

/**
 * The agent of a client of HTTP. It gives up a connection that is not made in time: a network that loses packets refuses none, and the
 * operating system tries for two minutes.
 */
export function connectingAgent({ protocol }: URL, { connectMs, ...options }: ConnectingOptions): http.Agent {
  const isSecure = protocol === 'https:';
  const agent = isSecure ? new https.Agent(options) : new http.Agent(options);
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    const socket = connect(...args);
    if (socket) limit(socket as Socket, isSecure ? 'secureConnect' : 'connect', connectMs);
    return socket;
  };
  return agent;
}

function limit(socket: Duplex, connected: string, ms: number): void {
  const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${ms} ms`)), ms);
  for (const event of [connected, 'close']) socket.once(event, () => clearTimeout(timer));
}
