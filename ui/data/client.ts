import { createClient } from '../../client/create-client.ts';

/** The server that the page is from, with the cookie of its session. */
export const client = createClient();
