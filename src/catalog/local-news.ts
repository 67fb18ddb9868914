import type { CatalogNews, CatalogNewsItem } from './catalog-news.ts';

/** The news of a catalog that one process uses. An adapter for several also passes on what it hears from the others. */
export class LocalNews implements CatalogNews {
  readonly #listeners = new Set<(news: CatalogNewsItem) => void>();

  publish(news: CatalogNewsItem): void {
    for (const listener of [...this.#listeners]) listener(news);
  }

  subscribe(listener: (news: CatalogNewsItem) => void): () => void {
    // A function may subscribe twice; each subscription is one of its own.
    const own = (news: CatalogNewsItem): void => listener(news);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }
}
