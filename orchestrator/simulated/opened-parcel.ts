/**
 * What a node makes of a payload before its core sees it: a verified message, a refusal, or a canary. None of it depends
 * on the node, so each distinct parcel is looked at once, however many receive it.
 */
import { type Canary, readCanary } from '../../node/host/canary.ts';
import { parseFabricTopic } from '../../node/host/fabric-topics.ts';
import type { PaperProfile } from '../../node/protocol/paper-profile.ts';
import type { Input } from '../../node/protocol/step.ts';
import { verify } from '../../node/protocol/verify.ts';
import type { Parcel } from '../fabric/parcel.ts';

/** Null: nothing that a node takes. */
export type Opened = { readonly input: Input } | { readonly canary: Canary } | null;

export class ParcelOpener {
  readonly #profile: PaperProfile;
  readonly #prefix: string;
  readonly #opened = new WeakMap<Parcel, { readonly what: Opened }>();

  /** `prefix`: of the lab's topics. */
  constructor(profile: PaperProfile, prefix: string) {
    this.#profile = profile;
    this.#prefix = prefix;
  }

  open(parcel: Parcel): Opened {
    let opened = this.#opened.get(parcel);
    if (opened === undefined) {
      opened = { what: this.#look(parcel) };
      this.#opened.set(parcel, opened);
    }
    return opened.what;
  }

  #look({ message: { topic, payload } }: Parcel): Opened {
    const parsed = parseFabricTopic(this.#prefix, topic);
    if (parsed?.kind === 'canary') {
      const canary = readCanary(payload);
      return canary === null ? null : { canary };
    }
    if (parsed?.kind !== 'channel' && parsed?.kind !== 'peer') return null;
    const sender = parsed.node;
    const verification = verify(this.#profile, payload, parsed.channel, sender);
    if (!verification.ok) return { input: { kind: 'refused', rejection: verification.rejection } };
    Object.freeze(verification.message);
    return { input: { kind: 'message', sender, message: verification.message } };
  }
}
