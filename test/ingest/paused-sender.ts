import { type ClientRequest, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from '../server.ts';

/** Sends enough of a file for its load to start, and then nothing: it holds a receive slot and a load slot. */
export async function sendAndPause(url: string, customer: string): Promise<ClientRequest> {
  const sender = request(`${url}/api/v1/customers/${customer}/uploads`, { method: 'PUT' });
  sender.on('error', () => undefined);
  sender.write(`day,amount\n${'2024-01-02,1\n'.repeat(1_000_000)}`);
  for (let tries = 0; tries < 250; tries++) {
    const { items } = (await call(`${url}/api/v1/customers/${customer}/uploads`)).body;
    if (items?.[0]?.attempts === 1) return sender;
    await sleep(20);
  }
  throw new Error('its load did not start');
}
