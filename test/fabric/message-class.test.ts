/** Classes of messages, held against what the codecs themselves make of the bytes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { channelTopic, labPrefix, peerTopic } from '../../node/host/fabric-topics.ts';
import type { Codec } from '../../node/protocol/codec.ts';
import { compactCodec } from '../../node/protocol/codec-compact.ts';
import { textCodec } from '../../node/protocol/codec-text.ts';
import { sha256Hex } from '../../node/protocol/hash.ts';
import { MessageClassifier, type Wire } from '../../orchestrator/fabric/message-class.ts';
import { anyRequest, anyVote, type MessageBounds } from '../support/arbitrary-messages.ts';

const LAB = 'classes';
const WIRES: readonly (Wire & { readonly bounds: MessageBounds; readonly made: Codec })[] = (
  [8, 16, 32] as const
).flatMap((idBytes) => {
  const bounds = { idBytes, timeMin: 0, hexCase: 'lower', banned: '' } as const;
  const options = { idBytes, timeMin: 0, hash: sha256Hex };
  const parameters = { dcoinText: 'units', dcoinRate: 60, hexCase: 'lower' } as const;
  return [
    { codec: 'compact' as const, idBytes, bounds, made: compactCodec(options) },
    {
      codec: 'text' as const,
      idBytes,
      bounds: { ...bounds, banned: '_' },
      made: textCodec({ ...options, parameters }),
    },
  ];
});

for (const { codec, idBytes, bounds, made } of WIRES) {
  const classOf = (topic: string, payload: Uint8Array) =>
    new MessageClassifier(labPrefix(LAB), { codec, idBytes }).classOf({ from: 'a', topic, payload, qos: 1 });

  describe(`classes on the ${codec} wire, ids of ${idBytes} bytes`, () => {
    const consensus = channelTopic(LAB, 'a', 'consensus');

    it('tells requests and votes apart as the codec does', () => {
      const messages = fc.oneof(
        anyRequest(bounds),
        anyVote(bounds).filter(({ voter, requester }) => voter !== requester),
      );
      fc.assert(
        fc.property(messages, (message) => {
          const bytes = made.encode(message);
          assert.equal(classOf(consensus, bytes), message.kind);
          assert.equal(classOf(peerTopic(LAB, 'a', 'b', 'consensus'), bytes), message.kind);
        }),
        { seed: 4, numRuns: 100 },
      );
    });

    it('takes what is neither for other, and asks the topic for the rest', () => {
      const payload = Buffer.from('neither');
      assert.equal(classOf(consensus, payload), 'other');
      assert.equal(classOf(consensus, Buffer.alloc(0)), 'other');
      assert.equal(classOf(channelTopic(LAB, 'a', 'sensor'), payload), 'sensor');
      assert.equal(classOf(peerTopic(LAB, 'a', 'b', 'sensor'), payload), 'sensor');
      assert.equal(classOf(`${labPrefix(LAB)}a/canary`, payload), 'canary');
      assert.equal(classOf(`${labPrefix(LAB)}a/device/canary`, payload), 'other');
      assert.equal(classOf('somewhere/else/canary', payload), 'other');
    });
  });
}
