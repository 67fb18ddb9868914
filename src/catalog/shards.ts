/** The servers that hold the tables of a cluster. Which is which matters: each node counts, loads and deletes rows on all of them. */
export interface KnownShards {
  /** Different for every catalog; a copy of a catalog has the same. */
  readonly catalogId: string;
  /** The addresses under which they were last seen, in their order, without secrets. */
  readonly names: readonly string[];
}

export interface Shards {
  knownShards(): Promise<KnownShards>;
  /**
   * Records the addresses of all shards. New ones are at the end; they are refused while nodes are alive, which do not know them. Nodes that
   * have not been seen for so long are declared dead.
   *
   * @returns the IDs of the nodes that are alive; if there are any, nothing is changed
   */
  recordShards(names: readonly string[], unseenMs: number): Promise<readonly string[]>;
  /** The identity of the spool; null: none is recorded. */
  knownSpool(): Promise<string | null>;
  /** Records the identity of the spool if there is none. @returns the recorded one */
  recordSpool(identity: string): Promise<string>;
}
