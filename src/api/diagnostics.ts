import { type Static, Type } from 'typebox';
import { nullable } from './values.ts';

const Part = Type.Object({
  name: Type.String({ examples: ['the catalog', 'ClickHouse shard 1 of 2', 'the spool', 'the engine'] }),
  ms: Type.Integer({ minimum: 0, description: 'How long its check took.' }),
  problem: nullable(Type.String(), { description: 'Why it did not respond. Null if it did.' }),
});

const Node = Type.Object({
  id: Type.String({ description: 'THENA_NODE_ID of the node.' }),
  version: nullable(Type.String(), { description: 'Null: an earlier one that did not record it.' }),
  started_at: Type.String({ format: 'date-time' }),
  seen_ms_ago: Type.Integer({ description: 'Its last heartbeat. After 15 seconds without one, others take over.' }),
});

export const Diagnostics = Type.Object(
  {
    version: Type.String({ description: 'The version of Thena.', examples: ['1.0.0'] }),
    parts: Type.Array(Part, { description: 'What this node uses.' }),
    cluster: nullable(
      Type.Object({
        node_id: Type.String({ description: 'The node that answers.' }),
        clock_ahead_ms: nullable(Type.Integer(), {
          description:
            'How far its clock is ahead of that of the database; negative if it is behind. Null if the catalog does not respond.',
        }),
        nodes: nullable(Type.Array(Node), {
          description: 'Nodes that are alive. Null if the catalog does not respond.',
        }),
      }),
      { description: 'Null on one machine.' },
    ),
  },
  { $id: 'Diagnostics' },
);
export type Diagnostics = Static<typeof Diagnostics>;
