/** What can be bought, for whom, and what became of what was bought. An address with `buy` and `node` only asks. */
import { useContext, useState } from 'preact/hooks';
import { labClient } from '../lab-client.ts';
import { LabContext, useFreshAnswer, useTopics } from '../lab-context.ts';
import { byName } from '../node-sign.ts';
import { Empty } from '../notice.tsx';
import { hrefOf, replaceRoute } from '../route.ts';
import { counted, cut, plain } from '../wording.ts';
import { PurchaseDialog } from './purchase-dialog.tsx';
import { PurchaseLine } from './purchase-line.tsx';

const PURCHASES_SHOWN = 20;
const AGAIN_MS = 2000;

const PROGRAMS = {
  log: 'writes a line',
  mqtt: 'publishes to an MQTT broker',
  http: 'asks an HTTP server',
  command: 'runs a command',
} as const;

export function ServicesView({ query }: { readonly query: URLSearchParams }) {
  const store = useTopics('lab', 'purchases');
  const known = useContext(LabContext).catalogue;
  // Asked again for how often each was bought.
  const catalogue = useFreshAnswer(labClient.services, String(store.boot), AGAIN_MS).value ?? known;
  const [node, setNode] = useState(query.get('node'));
  const [latest, setLatest] = useState<string | null>(null);
  const ids = [...new Set([...store.nodes.values()].map((live) => live.node))].sort(byName);
  const chosen = node !== null && ids.includes(node) ? node : (ids[0] ?? null);
  const wanted = query.get('buy');
  const service = catalogue?.services.find(({ name }) => name === wanted);
  const purchases = [...store.purchases.values()].sort((a, b) => b.orderedAt - a.orderedAt);
  const close = (): void => replaceRoute(hrefOf('services', chosen === null ? {} : { node: chosen }));
  return (
    <>
      <div class="title-row">
        <h1>Services</h1>
        <p class="summary">
          Bought on behalf of a node, which pays with what it has earned. The page itself never votes.
        </p>
      </div>
      {wanted !== null && catalogue !== null && service === undefined && (
        <p class="notice bad" role="alert">
          This lab has no service <q>{cut(wanted, 60)}</q>.
        </p>
      )}
      {query.get('node') !== null && ids.length > 0 && !ids.includes(query.get('node')!) && (
        <p class="notice bad" role="alert">
          This lab has no node <q>{cut(query.get('node')!, 60)}</q>.
        </p>
      )}
      <label class="field">
        Buyer
        <select value={chosen ?? ''} onChange={(event) => setNode(event.currentTarget.value)}>
          {ids.map((id) => (
            <option key={id} value={id}>
              {cut(id, 40)}
            </option>
          ))}
        </select>
      </label>
      {catalogue === null ? (
        <Empty>Waiting for the catalogue.</Empty>
      ) : catalogue.services.length === 0 ? (
        <Empty>This lab sells nothing: it was started without services.</Empty>
      ) : (
        <ul class="catalogue">
          {catalogue.services.map(({ name, priceDcoins, priceUnits, program, bought }) => (
            <li key={name} class="card">
              <h2>{name}</h2>
              <p class="price">
                {plain(priceDcoins)} DCoin <span class="muted">= {counted(priceUnits, 'unit')}</span>
              </p>
              <p class="muted">
                {PROGRAMS[program]}; bought {counted(bought, 'time')}
              </p>
              {chosen !== null && (
                <a class="button" href={hrefOf('services', { buy: name, node: chosen })}>
                  Buy <span class="hidden">{name}</span> for node {cut(chosen, 16)}
                </a>
              )}
            </li>
          ))}
        </ul>
      )}
      {service !== undefined && chosen !== null && (query.get('node') === null || ids.includes(query.get('node')!)) && (
        <PurchaseDialog
          key={`${service.name} ${query.get('node')}`}
          service={service}
          node={query.get('node') ?? chosen}
          onClose={close}
          onBought={setLatest}
        />
      )}
      <h2>Purchases</h2>
      {purchases.length === 0 ? (
        <Empty>No purchase yet: choose a buyer and a service above.</Empty>
      ) : (
        <ul class="purchases">
          {purchases.slice(0, PURCHASES_SHOWN).map((purchase) => (
            <PurchaseLine key={purchase.orderId} purchase={purchase} live={purchase.orderId === latest} />
          ))}
        </ul>
      )}
      {purchases.length > PURCHASES_SHOWN && (
        <p class="muted">{counted(purchases.length - PURCHASES_SHOWN, 'older purchase')} not shown.</p>
      )}
    </>
  );
}
