import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { canonicalJson, configurationHash, type SharedConfiguration } from '../../node/host/configuration-hash.ts';

const SHARED: SharedConfiguration = {
  profile: 'paper',
  parameters: { difficulty: 1, majorityThreshold: { numerator: 2, denominator: 3 }, outdate: null },
  members: ['1', '2', '10'],
  catalogue: new Map([
    ['Tea', 1],
    ['espresso', 2],
  ]),
};

test('it is SHA-256 of canonical JSON', () => {
  const text =
    '{"catalogue":{"Tea":1,"espresso":2},"members":["1","10","2"],' +
    '"parameters":{"difficulty":1,"majorityThreshold":{"denominator":3,"numerator":2},"outdate":null},"profile":"paper"}';
  assert.equal(configurationHash(SHARED), createHash('sha256').update(text).digest('hex'));
});

test('the order of members, parameters and services does not matter', () => {
  const other = configurationHash({
    profile: 'paper',
    parameters: { outdate: null, majorityThreshold: { denominator: 3, numerator: 2 }, difficulty: 1 },
    members: ['10', '2', '1'],
    catalogue: new Map([
      ['espresso', 2],
      ['Tea', 1],
    ]),
  });
  assert.equal(other, configurationHash(SHARED));
});

test('every part of what is shared changes it', () => {
  const variants: SharedConfiguration[] = [
    SHARED,
    { ...SHARED, profile: 'ref-c' },
    { ...SHARED, parameters: { ...SHARED.parameters, difficulty: 2 } },
    { ...SHARED, members: ['1', '2'] },
    { ...SHARED, catalogue: new Map([['Tea', 1]]) },
    {
      ...SHARED,
      catalogue: new Map([
        ['Tea', 2],
        ['espresso', 2],
      ]),
    },
    { ...SHARED, catalogue: new Map() },
    { ...SHARED, catalogue: null },
  ];
  assert.equal(new Set(variants.map(configurationHash)).size, variants.length);
});

test('names that need escaping or look like members of Object are kept apart', () => {
  const priced = (name: string) => configurationHash({ ...SHARED, catalogue: new Map([[name, 1]]) });
  const names = ['__proto__', 'constructor', '"', '","a":1,"', '\\', 'é', 'e\u0301'];
  assert.equal(new Set(names.map(priced)).size, names.length);
  assert.equal(canonicalJson({ b: [1, { d: 1, c: null }], a: 'x"' }), '{"a":"x\\"","b":[1,{"c":null,"d":1}]}');
});
