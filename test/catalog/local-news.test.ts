import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { CatalogNewsItem } from '../../src/catalog/catalog-news.ts';
import { LocalNews } from '../../src/catalog/local-news.ts';
import { newUploadId } from '../../src/model/ids.ts';
import { customerId } from '../builders.ts';

const ended = { kind: 'upload_ended', uploadId: newUploadId(), customerId: customerId('a') } as const;

it('each subscription hears of a change once, before publish returns, until it ends', () => {
  const news = new LocalNews();
  const heard: CatalogNewsItem[] = [];
  const listen = (item: CatalogNewsItem): void => void heard.push(item);
  const end = news.subscribe(listen);
  news.subscribe(listen);
  news.publish(ended);
  assert.deepEqual(heard, [ended, ended]);
  end();
  news.publish(ended);
  assert.equal(heard.length, 3);
});

it('a listener may end its subscription while it is called', () => {
  const news = new LocalNews();
  const heard: string[] = [];
  const end = news.subscribe(() => {
    heard.push('once');
    end();
  });
  news.subscribe(() => void heard.push('always'));
  news.publish(ended);
  news.publish(ended);
  assert.deepEqual(heard, ['once', 'always', 'always']);
});
