import assert from 'node:assert/strict';

export interface StreamedEvent {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
  readonly data: any;
}

/** Reads a stream of server-sent events, and keeps what it has read. */
export class EventStream {
  readonly events: StreamedEvent[] = [];
  readonly comments: string[] = [];
  isEnded = false;
  readonly #abort = new AbortController();
  #wake: () => void = () => undefined;

  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventStream> {
    const stream = new EventStream();
    const response = await fetch(url, { headers, signal: stream.#abort.signal });
    assert.equal(response.status, 200, response.status === 200 ? '' : await response.text());
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    void stream.#read(response);
    return stream;
  }

  /** Waits for an event, also one that has been read before. */
  async until(found: (event: StreamedEvent) => boolean): Promise<StreamedEvent> {
    for (const deadline = Date.now() + 30_000; ; ) {
      const event = this.events.find(found);
      if (event) return event;
      assert.ok(!this.isEnded && Date.now() < deadline, `no such event in ${JSON.stringify(this.events)}`);
      await this.#change();
    }
  }

  async untilEnd(): Promise<void> {
    for (const deadline = Date.now() + 30_000; !this.isEnded; await this.#change()) {
      assert.ok(Date.now() < deadline, 'the stream did not end');
    }
  }

  close(): void {
    this.#abort.abort();
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, 1_000);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  async #read(response: Response): Promise<void> {
    try {
      let text = '';
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          this.#add(text.slice(0, end));
          text = text.slice(end + 2);
        }
        this.#wake();
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    } finally {
      this.isEnded = true;
      this.#wake();
    }
  }

  #add(block: string): void {
    if (block.startsWith(':')) {
      this.comments.push(block.slice(1).trim());
      return;
    }
    const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
    this.events.push({ name, data: JSON.parse(data) });
  }
}
