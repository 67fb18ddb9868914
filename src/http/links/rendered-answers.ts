import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Analysis, Answer } from '../../analysis/analysis.ts';
import type { ExportFormat } from '../../api/rows.ts';
import { answerJson } from '../analyses/answer-json.ts';
import { answerTable } from './answer-table.ts';
import { resultCsv, resultLines } from './result-text.ts';
import type { LinkBytes } from './send-link.ts';

export interface Rendering {
  readonly format: ExportFormat | 'json';
  readonly escapeFormulas: boolean;
}

/** Answers as files, which are kept for a while: readers of Parquet request a file in several ranges. */
export class RenderedAnswers {
  readonly #analysis: Pick<Analysis, 'encode'>;
  readonly #files: LRUCache<string, LinkBytes>;

  /** @param maxBytes of the files that are kept */
  constructor(analysis: Pick<Analysis, 'encode'>, maxBytes: number) {
    this.#analysis = analysis;
    this.#files = new LRUCache({ maxSize: Math.max(1, maxBytes), sizeCalculation: ({ length }) => length + 1 });
  }

  /** @param state identifies the answer and the rendering */
  find(state: string): LinkBytes | null {
    return this.#files.get(state) ?? null;
  }

  async render(state: string, answer: Answer, rendering: Rendering, signal: AbortSignal): Promise<LinkBytes> {
    const bytes = await this.#bytesOf(answer, rendering, signal);
    const file: LinkBytes = {
      length: bytes.length,
      digest: createHash('sha256').update(bytes).digest('base64url').slice(0, 22),
      read: (start, end) => bytes.subarray(start, end),
    };
    this.#files.set(state, file);
    return file;
  }

  async #bytesOf(answer: Answer, { format, escapeFormulas }: Rendering, signal: AbortSignal): Promise<Buffer> {
    switch (format) {
      case 'json':
        return Buffer.from(JSON.stringify(answerJson(answer)));
      case 'csv':
        return Buffer.from(resultCsv(answerTable(answer), escapeFormulas));
      case 'ndjson':
        return Buffer.from(resultLines(answerTable(answer)));
      case 'parquet':
      case 'arrow': {
        const bytes = await this.#analysis.encode(answerTable(answer), format, signal);
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      }
    }
  }
}
