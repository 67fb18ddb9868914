import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { customersKey, tableKey, useCustomer } from '../customers.ts';
import { useMay } from '../session.ts';
import { refreshUploads, showUpload } from '../uploads.ts';
import { followCustomer } from './follow-customer.ts';
import type { LiveConnection, LiveMessage } from './live-message.ts';

/** While there is no stream, the state is read this often. */
const POLL_MS = 3_000;

/** An interruption as short as this is not worth a word. */
const SHORT_MS = 4_000;

/** Keeps everything that is shown about a customer up to date. @returns whether the stream has been interrupted for a while */
export function useLive(customerId: string): boolean {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<LiveConnection>('open');
  const [interrupted, setInterrupted] = useState(false);
  const mayRead = useMay('read');
  // Read on all screens, so that each forgets what it shows of a customer that was deleted.
  useCustomer(customerId);
  useEffect(() => {
    if (!mayRead) {
      setConnection('refused');
      return;
    }
    return followCustomer(customerId, (message) => {
      if (message.event === 'connection') setConnection(message.data);
      apply(queries, customerId, message);
    });
  }, [customerId, queries, mayRead]);
  useEffect(() => {
    if (connection === 'open') return;
    const polling = setInterval(() => refresh(queries, customerId), POLL_MS);
    const timer = setTimeout(() => setInterrupted(connection === 'lost'), SHORT_MS);
    return () => {
      clearInterval(polling);
      clearTimeout(timer);
      setInterrupted(false);
    };
  }, [connection, customerId, queries]);
  return interrupted;
}

function apply(queries: QueryClient, customerId: string, message: LiveMessage): void {
  if (message.event === 'upload') showUpload(queries, message.data);
  if (message.event === 'removed') void refreshUploads(queries, customerId);
  if (message.event === 'table') refreshTable(queries, customerId);
  if (message.event === 'connection' && message.data === 'open') refresh(queries, customerId);
}

function refresh(queries: QueryClient, customerId: string): void {
  void refreshUploads(queries, customerId);
  refreshTable(queries, customerId);
}

function refreshTable(queries: QueryClient, customerId: string): void {
  void queries.invalidateQueries({ queryKey: tableKey(customerId) });
  void queries.invalidateQueries({ queryKey: customersKey });
}
