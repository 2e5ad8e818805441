/** What engines say, in our words: answers as recorded from engines 20.10 and 28. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DockerProblem, dockerFailure } from '../../orchestrator/runtimes/docker/docker-failure.ts';

function answered(statusCode: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) - ${message}`), { statusCode, json: { message } });
}

const RECORDED: readonly (readonly [Error, DockerProblem])[] = [
  [Object.assign(new Error('connect ENOENT /x'), { code: 'ENOENT' }), 'engine-absent'],
  [Object.assign(new Error('connect ECONNREFUSED /x'), { code: 'ECONNREFUSED' }), 'engine-stopped'],
  [Object.assign(new Error('connect EACCES /x'), { code: 'EACCES' }), 'engine-forbidden'],
  [Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), 'engine-unreachable'],
  [Object.assign(new Error('This operation was aborted'), { name: 'AbortError' }), 'engine-unreachable'],
  [answered(404, 'No such image: wallance-node:arm64'), 'image-missing'],
  [
    answered(
      404,
      'image with reference wallance-node:amd64 was found but does not match the specified platform: wanted linux/arm64, actual: linux/amd64',
    ),
    'image-architecture',
  ],
  [
    answered(
      400,
      'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec /usr/bin/tini: exec format error: unknown',
    ),
    'emulation-missing',
  ],
  [
    answered(
      500,
      'driver failed programming external connectivity on endpoint x (0a): Bind for 127.0.0.1:1883 failed: port is already allocated',
    ),
    'port-taken',
  ],
  [
    answered(
      500,
      'driver failed programming external connectivity on endpoint x: Error starting userland proxy: listen tcp4 127.0.0.1:1883: bind: address already in use',
    ),
    'port-taken',
  ],
  [answered(500, 'open /var/lib/docker/containers/0a/.tmp-hostconfig.json: no space left on device'), 'disk-full'],
  [
    answered(
      500,
      'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
    ),
    'addresses-exhausted',
  ],
  [answered(500, 'all predefined address pools have been fully subnetted'), 'addresses-exhausted'],
  [
    answered(
      409,
      'Conflict. The container name "/a" is already in use by container "0a". You have to remove (or rename) that container',
    ),
    'name-taken',
  ],
  [answered(400, 'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'), 'limit-refused'],
  [answered(400, 'Minimum memory limit allowed is 6MB'), 'limit-refused'],
  [answered(500, 'something nobody has thought of'), 'engine-refused'],
];

describe('what an engine answers', () => {
  for (const [error, problem] of RECORDED) {
    it(`is ${problem}: ${error.message.slice(0, 60)}`, () => {
      const failure = dockerFailure(error, 'start the container of node 3', '/var/run/docker.sock');
      assert.equal(failure.problem, problem);
      assert.equal(failure.code, 'environment');
      assert.equal(failure.cause, error);
    });
  }

  it('keeps what the engine said and what was tried', () => {
    const { message } = dockerFailure(answered(500, 'odd'), 'start the container of node 3', '/s');
    assert.equal(message, 'cannot start the container of node 3: the engine says: odd');
  });

  it('says what is not an error of an engine as it is', () => {
    const first = dockerFailure(answered(404, 'No such image: a'), 'x', '/s');
    assert.equal(dockerFailure(first, 'y', '/s'), first);
  });
});
