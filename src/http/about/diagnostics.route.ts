import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as api from '../../api/diagnostics.ts';
import type { SeenNode } from '../../catalog/node.ts';
import { response } from '../openapi/response.ts';

export interface Diagnosis {
  readonly version: string;
  readonly parts: readonly {
    readonly name: string;
    readonly ms: number;
    /** Null: it responds. */
    readonly problem: string | null;
  }[];
  /** Null: there is one process. */
  readonly cluster: ClusterState | null;
}

export interface ClusterState {
  /** Of the node that answers. */
  readonly nodeId: string;
  /** How far its clock is ahead of that of the database. Null if the catalog does not respond, like the nodes. */
  readonly clockAheadMs: number | null;
  readonly nodes: readonly SeenNode[] | null;
}

export interface DiagnosticsDeps {
  readonly diagnose: () => Promise<Diagnosis>;
}

/** `/diagnostics`. */
export function diagnosticsRoutes({ diagnose }: DiagnosticsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/v1/diagnostics',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['Server'],
          summary: 'Diagnose',
          description:
            'Which parts respond to the node that answers, and why others do not; in a cluster also which nodes are alive, and how far its clock is off. `thena doctor` shows it.',
          operationId: 'getDiagnostics',
          response: { 200: response(api.Diagnostics, 'What was found.') },
        },
      },
      async () => diagnosticsJson(await diagnose()),
    );
  };
}

function diagnosticsJson({ version, parts, cluster }: Diagnosis): api.Diagnostics {
  return {
    version,
    parts: parts.map((part) => ({ ...part })),
    cluster: cluster && {
      node_id: cluster.nodeId,
      clock_ahead_ms: cluster.clockAheadMs,
      nodes: cluster.nodes?.map(nodeJson) ?? null,
    },
  };
}

function nodeJson({ nodeId, version, startedAt, seenMs }: SeenNode) {
  return { id: nodeId, version, started_at: startedAt.toISOString(), seen_ms_ago: seenMs };
}
