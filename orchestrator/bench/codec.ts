/**
 * What a message costs a node before the state machine sees it: encoding and decoding in both codecs, and the whole
 * gate (decode, checks, work) for a vote. Medians of several runs in one process, with the host's native hash.
 *
 * Two kinds of decoding are told apart, because the compact decoder remembers what a request and its votes share:
 * `known request` is a network's traffic, 8 votes a request; `new request` is the worst case, each message another one.
 */
import { nativeSha256Hex } from '../../node/host/native-hash.ts';
import type { Codec } from '../../node/protocol/codec.ts';
import type { Channel, MessageHead, Request, SensorTransaction, Vote } from '../../node/protocol/message.ts';
import { makeRequest, makeVote } from '../../node/protocol/paper-messages.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import { namedProfile, type ProfileName } from '../../node/protocol/profiles.ts';
import { verify } from '../../node/protocol/verify.ts';
import { searchNonce } from '../../node/protocol/work.ts';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The bound this figure is held to, as text, e.g. `<= 2`. */
  readonly target?: string;
}

const RUNS = 7;
const CALLS_PER_RUN = 50_000;
/** More than the decoder remembers, so that a `new request` is one. */
const REQUESTS = 2048;
const VOTERS = 8;
const MEMBERS = Array.from({ length: VOTERS + 1 }, (_, i) => `node-${i + 1}`);
const REQUESTER = MEMBERS[VOTERS]!;
const STATE = '69a5f0d9edbdfdebd8481b6dc0cb993c0da5796837521552a370df0e7c5be879';

/** Figures of the codecs and of verifying a vote; takes about six seconds. */
export async function benchCodec(): Promise<Figure[]> {
  const paper = profile('paper');
  const text = profile('ref-c');
  const votes = someVotes(paper);
  return [
    ...codecFigures('compact', paper, '<= 500'),
    ...codecFigures('text', text, undefined),
    verifyFigure('verify a vote, known request', paper, votes, VOTERS),
    verifyFigure('verify a vote, new request', paper, votes, 1),
  ];
}

function profile(name: ProfileName): PaperProfile {
  const named = namedProfile({
    profile: name,
    parameters: {},
    members: MEMBERS,
    catalogue: new Map([['Nespresso', 2]]),
    hash: nativeSha256Hex,
  });
  if (!named.ok) throw new Error(`the bench's own profile is refused: ${JSON.stringify(named.problems)}`);
  return named.profile;
}

/** Votes of all voters for many requests, in order of request, with valid work. */
function someVotes(rules: PaperProfile): Vote[] {
  const votes: Vote[] = [];
  for (let i = 0; i < REQUESTS; i++) {
    const body = { requester: REQUESTER, service: 'Nespresso', priceDcoins: 2, time: 1_600_000_000 + i, state: STATE };
    for (const voter of MEMBERS.slice(0, VOTERS)) {
      const draft = makeVote(voter, body, 90, 0, nativeSha256Hex);
      const nonce = searchNonce(rules.votes.workPrefix(draft), rules.parameters.difficulty, nativeSha256Hex);
      votes.push({ ...draft, nonce: nonce ?? 0 });
    }
  }
  return votes;
}

function codecFigures(name: string, rules: PaperProfile, target: string | undefined): Figure[] {
  const { codec } = rules;
  const votes = someVotes(rules);
  const requests: Request[] = votes.map((vote) => makeRequest(vote, vote.nonce, nativeSha256Hex));
  const sensors: SensorTransaction[] = votes.map((vote, sequence) => ({
    kind: 'sensor',
    publisher: vote.voter,
    topic: 'temperature',
    value: sequence / 8,
    position: { stream: 1, sequence },
  }));
  const nanoseconds = (what: string, seconds: number, bound?: string): Figure => ({
    name: `${name}: ${what}`,
    value: Math.round(seconds * 1e9),
    unit: 'ns',
    ...(bound === undefined ? {} : { target: bound }),
  });
  return [
    nanoseconds('encode a vote', encoding(codec, votes), target),
    nanoseconds('decode a vote, known request', decoding(codec, votes, 'consensus', 1), target),
    nanoseconds('decode a vote, new request', decoding(codec, votes, 'consensus', VOTERS)),
    nanoseconds('encode a request', encoding(codec, requests), target),
    nanoseconds('decode a request, new', decoding(codec, requests, 'consensus', VOTERS)),
    nanoseconds('encode a sensor transaction', encoding(codec, sensors), target),
    nanoseconds('decode a sensor transaction', decoding(codec, sensors, 'sensor', 1), target),
  ];
}

function encoding(codec: Codec, messages: readonly MessageHead[]): number {
  return secondsPerCall((i) => codec.encode(messages[i % messages.length]!).length);
}

/** `stride`: 1 takes the messages in order, `VOTERS` one of each request. */
function decoding(codec: Codec, messages: readonly MessageHead[], channel: Channel, stride: number): number {
  const payloads = messages.map((message) => codec.encode(message));
  return secondsPerCall((i) => {
    const decoded = codec.decode(payloads[(i * stride) % payloads.length]!, channel);
    if (!decoded.ok) throw new Error(`the bench's own message is refused: ${JSON.stringify(decoded.malformed)}`);
    return decoded.message.kind.length;
  });
}

/** `votesPerRequest`: how many in a row are for one request. */
function verifyFigure(name: string, rules: PaperProfile, votes: readonly Vote[], votesPerRequest: number): Figure {
  const inputs = votes.map((vote) => ({ bytes: rules.codec.encode(vote), sender: vote.voter }));
  const stride = VOTERS / votesPerRequest;
  const seconds = secondsPerCall((i) => {
    const { bytes, sender } = inputs[(i * stride) % inputs.length]!;
    const verification = verify(rules, bytes, 'consensus', sender);
    if (!verification.ok) throw new Error(`the bench's own vote is refused: ${JSON.stringify(verification.rejection)}`);
    return verification.message.kind.length;
  });
  return { name, value: Math.round(seconds * 1e8) / 100, unit: 'us', target: '<= 2' };
}

/** Median over the runs, after one that warms up. */
function secondsPerCall(call: (index: number) => number): number {
  const measured: number[] = [];
  let sink = 0;
  for (let run = 0; run <= RUNS; run++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < CALLS_PER_RUN; i++) sink += call(i);
    const nanoseconds = Number(process.hrtime.bigint() - start);
    if (run > 0) measured.push(nanoseconds / 1e9 / CALLS_PER_RUN);
  }
  // The results are used, so that the engine cannot leave the calls out.
  if (!(sink > 0)) throw new Error('the measured calls returned nothing');
  return measured.sort((a, b) => a - b)[RUNS >> 1]!;
}
