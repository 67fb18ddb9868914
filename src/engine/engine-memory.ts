import type { MemoryBlame, MemoryExcess } from '../model/storage-failure.ts';
import { residentBytes } from '../resident-memory.ts';

/**
 * Resident memory that the engine process may take beyond DuckDB's memory limit: for the code and heap of Node and DuckDB (120 MiB
 * before the first operation), and for what DuckDB does not count. A file of 120 million rows took 244 MiB of it at a limit of 512
 * MiB, and two files whose values are rewritten took 225 MiB at 256 MiB.
 */
export const ENGINE_OVERHEAD_BYTES = 300 * 1024 * 1024;

/** How often the memory is measured while operations run, and how often above three quarters of the limit. */
const SAMPLE_MS = 50;
const CLOSE_SAMPLE_MS = 10;
/** How long the extra memory of an operation may stay resident after its end. That of medians is freed within a second. */
const RELEASE_MS = 2_000;
/** Growth that may have any cause. */
const NOISE_BYTES = 32 * 1024 * 1024;

/** An operation that is running. */
export interface MemoryUse {
  /** Memory of the process when the operation began. */
  readonly startBytes: number;
  /** Memory that the operation may take beyond the limit. */
  readonly extraBytes: number;
}

export interface EngineMemoryOptions {
  /** Memory limit of the process, in bytes. */
  readonly limitBytes: number;
  /** Called once, when the process has exceeded its limit. */
  readonly onExceeded: (bytes: number, limitBytes: number) => void;
  /** @returns the resident memory of the process in bytes; null if it cannot be measured from here */
  readonly measure: () => number | null;
}

/** Watches the resident memory of the engine process while operations run: otherwise it does not grow. */
export class EngineMemory {
  readonly #options: EngineMemoryOptions;
  readonly #uses = new Set<MemoryUse>();
  #limitBytes: number;
  #timer: NodeJS.Timeout | undefined;
  #bytes = 0;
  #freshBytes = 0;
  #reportedBytes = 0;
  #exceeded: { readonly bytes: number; readonly limitBytes: number } | null = null;

  constructor(options: EngineMemoryOptions) {
    this.#options = options;
    this.#limitBytes = options.limitBytes;
  }

  /** @param pid the engine process */
  static of(pid: number, options: Omit<EngineMemoryOptions, 'measure'>): EngineMemory {
    return new EngineMemory({ ...options, measure: () => residentBytes(pid) });
  }

  /** Call it once the process is ready, before the first operation. */
  ready(): void {
    this.#freshBytes = this.#measure();
  }

  /** Takes what the process itself has measured: the only source on systems without /proc. */
  report(bytes: number): void {
    this.#reportedBytes = bytes;
  }

  begin(extraBytes: number): MemoryUse {
    const use = { startBytes: this.#measure(), extraBytes };
    this.#uses.add(use);
    this.#limitBytes += extraBytes;
    if (this.#timer === undefined) this.#schedule();
    return use;
  }

  end(use: MemoryUse): void {
    if (!this.#uses.delete(use) || use.extraBytes === 0) return;
    setTimeout(() => {
      this.#limitBytes -= use.extraBytes;
    }, RELEASE_MS).unref();
  }

  /** The process has ended. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  get isExceeded(): boolean {
    return this.#exceeded !== null;
  }

  /** @returns how far an operation that was running is to blame; null if the process has not exceeded its limit */
  excessOf(use: MemoryUse): MemoryExcess | null {
    return this.#exceeded && { ...this.#exceeded, blame: this.#blameOf(use, this.#exceeded) };
  }

  /**
   * By how much the process grew while each operation ran. An operation is certainly to blame if no other that is running saw half as
   * much growth, and it is half of what the limit allows: less may add to what earlier operations have left behind.
   */
  #blameOf(
    use: MemoryUse,
    { bytes, limitBytes }: { readonly bytes: number; readonly limitBytes: number },
  ): MemoryBlame {
    const growthOf = ({ startBytes }: MemoryUse): number => bytes - startBytes;
    const growths = [...this.#uses].map(growthOf);
    const most = Math.max(...growths);
    // Many operations that each grow by little.
    if (most < NOISE_BYTES) return 'possible';
    const least = Math.max(NOISE_BYTES, most / 2);
    if (growthOf(use) < least) return 'none';
    const isOnlyOne = growths.filter((growth) => growth >= least).length === 1;
    return isOnlyOne && growthOf(use) >= (limitBytes - this.#freshBytes) / 2 ? 'certain' : 'possible';
  }

  #measure(): number {
    this.#bytes = this.#options.measure() ?? this.#reportedBytes;
    return this.#bytes;
  }

  #schedule(): void {
    const isClose = this.#bytes > 0.75 * this.#limitBytes;
    this.#timer = setTimeout(() => this.#check(), isClose ? CLOSE_SAMPLE_MS : SAMPLE_MS).unref();
  }

  #check(): void {
    this.#timer = undefined;
    const bytes = this.#measure();
    if (bytes > this.#limitBytes) {
      this.#exceeded = { bytes, limitBytes: this.#limitBytes };
      this.#options.onExceeded(bytes, this.#limitBytes);
    } else if (this.#uses.size > 0) {
      this.#schedule();
    }
  }
}
