/** What the scenario language knows to break, for somebody who fills in a form: kinds with the schema of their values. */
import { type JsonSchema, jsonSchemaOf } from '../files/file-shapes.ts';
import { withSharedDefinitions } from '../files/shared-definitions.ts';
import { CAPABILITIES_OF, type Runtime } from '../runtimes/runtime.ts';
import { kindCapabilities } from '../scenario/required-capabilities.ts';
import type { FaultKind } from '../scenario/scenario-plan.ts';
import { FAULT_BODIES } from '../scenario/timeline-shape.ts';
import type { FaultKindsAnswer } from './api/fault-answer-shape.ts';
import { HAND_FAULT_KINDS } from './read-fault.ts';

const AT_ONCE: readonly string[] = ['restart', 'broker-restart', 'cut-client'];

/** `runtime`: what runs the lab. */
export function faultKinds(runtime: Runtime['name']): FaultKindsAnswer {
  const bodies = Object.fromEntries(HAND_FAULT_KINDS.map((kind) => [kind, jsonSchemaOf(FAULT_BODIES[kind])]));
  const { properties, $defs } = withSharedDefinitions({ type: 'object', properties: bodies }) as {
    readonly properties: Readonly<Record<string, JsonSchema>>;
    readonly $defs: JsonSchema;
  };
  return {
    kinds: HAND_FAULT_KINDS.map((kind) => {
      // A partition is link rules once it is resolved.
      const planned: FaultKind = kind === 'partition' ? 'link' : kind;
      return {
        kind,
        description: FAULT_BODIES[kind].description ?? '',
        available: kindCapabilities(planned).every((capability) => CAPABILITIES_OF[runtime].has(capability)),
        heals: !AT_ONCE.includes(kind),
        schema: { ...properties[kind] },
      };
    }),
    definitions: { ...$defs },
  };
}
