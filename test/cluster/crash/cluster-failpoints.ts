import { FAILPOINTS, type ServerFailpoint } from '../../../src/failpoints.ts';

/** What embedded nodes do only: files of an earlier version, and columns that DuckDB adds. */
type EmbeddedFailpoint = 'columns_renaming' | 'columns_renamed' | 'column_added';
export type ClusterFailpoint = Exclude<ServerFailpoint, EmbeddedFailpoint>;

const EMBEDDED: readonly ServerFailpoint[] = [
  'columns_renaming',
  'columns_renamed',
  'column_added',
] satisfies EmbeddedFailpoint[];

/** The failpoints that a node of a cluster can reach. */
export const CLUSTER_FAILPOINTS = FAILPOINTS.filter((each): each is ClusterFailpoint => !EMBEDDED.includes(each));
