import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { call, type RunningThena, startThena, upload } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
  await upload(thena.url, 'a', 'at,n,s\n2024-01-01 00:00:00,1,x\n2024-01-02 00:00:00,2,y\n');
});
after(() => thena.close());

/** Parameters of a request, and whether both the schema and the server should accept them. */
const MEMBERS: readonly (readonly [type: number, members: object, fits: boolean])[] = [
  ...[10000, 10001, 10002, 10003].flatMap((type) => [
    [type, {}, true] as const,
    [type, { column: 'n' }, false] as const,
    [type, { limit: 1 }, false] as const,
  ]),
  [10004, {}, true],
  [10004, { column: 'at', bucket: '5 minutes', time_zone: 'Asia/Kolkata' }, true],
  [10004, { bucket: '7 minutes' }, false],
  [10004, { bucket: 60 }, false],
  [10004, { column: ['at'] }, false],
  [10004, { time_zone: null }, false],
  [10004, { limit: 5 }, false],
  [10005, { column: 's' }, true],
  [10005, { column: 'n', limit: 1000 }, true],
  [10005, {}, false],
  [10005, { column: 's', limit: 0 }, false],
  [10005, { column: 's', limit: 1001 }, false],
  [10005, { column: 's', limit: 1.5 }, false],
  [10005, { column: 's', bucket: 'day' }, false],
];

it('describes each type with a JSON Schema that accepts the same parameters as the server', async () => {
  const { body } = await call(`${thena.url}/api/v1/analyze/types`);
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  const validators = new Map<number, (members: object) => boolean>();
  for (const { number, name, description, parameters } of body.items) {
    assert.ok(ajv.validateSchema(parameters), JSON.stringify(ajv.errors));
    assert.ok(name.length > 0 && description.length > 20);
    validators.set(number, ajv.compile(parameters));
  }
  assert.deepEqual([...validators.keys()], [10000, 10001, 10002, 10003, 10004, 10005]);
  for (const [type, members, fits] of MEMBERS) {
    const shown = JSON.stringify([type, members]);
    assert.equal(validators.get(type)?.(members), fits, shown);
    for (const analyze_type of [type, body.items.find(({ number }: { number: number }) => number === type).name]) {
      const { status, body: answer } = await call(`${thena.url}/api/v1/analyze/`, {
        json: { customer_id: 'a', analyze_type, ...members },
      });
      assert.equal(status, fits ? 200 : 422, `${shown}: ${JSON.stringify(answer)}`);
      if (!fits) assert.equal(typeof answer.pointer, 'string', shown);
    }
  }
});
