/** Who may ask for what, header by header. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChangeRate } from '../../orchestrator/dashboard/change-rate.ts';
import { type AskedHeaders, refusalOf } from '../../orchestrator/dashboard/guard.ts';
import { LIMITS } from '../../orchestrator/dashboard/limits.ts';

const LOOPBACK = { host: '127.0.0.1', token: null };
const JSON_TYPE = { 'content-type': 'application/json' };
const code = (method: string, headers: AskedHeaders, settings: Parameters<typeof refusalOf>[2] = LOOPBACK) =>
  refusalOf(method, headers, settings)?.answer.code ?? null;

describe('on loopback', () => {
  it('answers under its own names alone, for reading too', () => {
    for (const host of ['localhost', 'localhost:8420', '127.0.0.1:8420', '[::1]:8420', '127.0.0.1'])
      assert.equal(code('GET', { host }), null, host);
    for (const host of [
      'evil.example',
      'evil.example:8420',
      '127.0.0.1.evil.example',
      '',
      'localhost@evil.example',
      '192.168.0.2',
    ])
      assert.equal(code('GET', { host }), 'foreign', host);
    assert.equal(code('GET', {}), 'foreign');
    assert.equal(code('GET', { host: 'lab.test:80' }, { host: 'lab.test', token: 'x' }), null);
  });

  it('lets change its own page alone, and programs that are no page', () => {
    const host = 'localhost:8420';
    const allowed: AskedHeaders[] = [
      {},
      { origin: 'http://localhost:8420' },
      { origin: 'http://localhost:8420', 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of allowed) assert.equal(code('POST', { host, ...JSON_TYPE, ...headers }), null);
    const foreign: AskedHeaders[] = [
      { origin: 'http://evil.example' },
      { origin: 'http://localhost:8421' },
      { origin: 'https://localhost:8420' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://localhost:8420', 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of foreign) {
      for (const method of ['POST', 'DELETE'])
        assert.equal(code(method, { host, ...JSON_TYPE, ...headers }), 'foreign', JSON.stringify(headers));
    }
  });

  it('takes nothing that a form can send', () => {
    const host = 'localhost';
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])
      assert.equal(code('POST', { host, 'content-type': type }), 'media-type', type);
    assert.equal(code('POST', { host, 'content-type': 'Application/JSON; charset=utf-8' }), null);
    assert.equal(code('DELETE', { host }), null);
    assert.equal(code('DELETE', { host, 'content-type': 'text/plain' }), 'media-type');
  });
});

describe('bound to more', () => {
  const open = { host: '0.0.0.0', token: 'the token' };

  it('lets everybody read, and change who has the token', () => {
    const host = 'lab.example:8420';
    assert.equal(code('GET', { host }, open), null);
    assert.equal(code('POST', { host, ...JSON_TYPE }, open), 'token');
    for (const authorization of ['Bearer other', 'Basic dGhlIHRva2Vu', 'the-token', 'Bearer the token', ''])
      assert.equal(code('POST', { host, ...JSON_TYPE, authorization }, open), 'token', authorization);
    const known = { ...open, token: 'the-token' };
    assert.equal(code('POST', { host, ...JSON_TYPE, authorization: 'Bearer the-token' }, known), null);
    assert.equal(code('DELETE', { host, authorization: 'Bearer the-token' }, known), null);
  });

  it('is not served by the token alone: the page must be its own', () => {
    const headers = { host: 'lab.example', ...JSON_TYPE, authorization: 'Bearer x', origin: 'http://evil.example' };
    assert.equal(code('POST', headers, { host: '0.0.0.0', token: 'x' }), 'foreign');
  });
});

describe('the rate of changes', () => {
  it('lets so many through at once, and then as many as time allows', () => {
    const rate = new ChangeRate(0);
    const through = (nowMs: number) => Array.from({ length: 100 }, () => rate.take(nowMs)).filter(Boolean).length;
    assert.equal(through(0), LIMITS.changesAtOnce);
    assert.equal(through(1000), LIMITS.changesPerSecond);
    assert.equal(through(3_600_000), LIMITS.changesAtOnce);
  });
});
