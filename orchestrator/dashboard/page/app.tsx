/**
 * The frame round every view: which lab this is, whether it answers, and the way from view to view.
 *
 * What the interface of the paper (V.C) shows, and where it is here: every node's wallet (Wallets), what becomes of it over
 * time (the history of a wallet), pending requests (Consensus, and each node's own in Lab), votes (Consensus), services with
 * their prices (Services), the choice of a node and the purchase on its behalf (Services), the service's output (the last
 * step of a purchase). Like that one it sends no vote: it asks the lab, which orders from a node.
 */
import type { ComponentType } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ServicesAnswer } from '../api/service-shape.ts';
import type { Feed } from './feed.ts';
import { labClient } from './lab-client.ts';
import { LabContext, useTopics } from './lab-context.ts';
import type { LabStore } from './lab-store.ts';
import { hrefOf, type Route, useRoute, VIEWS, type ViewName } from './route.ts';
import { ConsensusView } from './views/consensus-view.tsx';
import { FaultsView } from './views/faults-view.tsx';
import { LabView } from './views/lab-view.tsx';
import { MessagesView } from './views/messages-view.tsx';
import { RunsView } from './views/runs-view.tsx';
import { ServicesView } from './views/services-view.tsx';
import { WalletsView } from './views/wallets-view.tsx';

const COMPONENTS: Readonly<Record<ViewName, ComponentType<{ readonly query: URLSearchParams }>>> = {
  lab: LabView,
  wallets: WalletsView,
  services: ServicesView,
  consensus: ConsensusView,
  messages: MessagesView,
  faults: FaultsView,
  runs: RunsView,
};

const AGAIN_MS = 2000;

export function App({ store, feed }: { readonly store: LabStore; readonly feed: Feed }) {
  const route = useRoute();
  const { catalogue, labName } = useLabFacts(store);
  const knowledge = useMemo(() => ({ store, catalogue }), [store, catalogue]);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const view = route?.view ?? null;
  useEffect(() => {
    feed.follow(VIEWS[view ?? 'lab'].topics);
    document.title = view === null ? 'Wallance Lab' : `${VIEWS[view].title} - Wallance Lab`;
    if (!first.current) main.current?.focus();
    first.current = false;
  }, [feed, view]);
  return (
    <LabContext.Provider value={knowledge}>
      <a
        class="skip"
        href={view === null ? '#/lab' : hrefOf(view)}
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the view
      </a>
      <header class="head">
        <p class="brand">Wallance Lab {labName !== null && <span class="lab-name">{labName}</span>}</p>
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([name, { title }]) => (
            <a key={name} href={hrefOf(name as ViewName)} aria-current={name === view ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <LinkState />
      </header>
      <Banner />
      <main ref={main} tabIndex={-1} id="main">
        <View route={route} />
      </main>
    </LabContext.Provider>
  );
}

function View({ route }: { readonly route: Route | null }) {
  if (route === null)
    return (
      <div class="view">
        <h1>No such view</h1>
        <p>
          There is nothing at this address. <a href="#/lab">To the lab</a>
        </p>
      </div>
    );
  const Shown = COMPONENTS[route.view];
  return (
    <div class="view" key={route.view}>
      <Shown query={route.query} />
    </div>
  );
}

function LinkState() {
  const { link } = useTopics('link');
  const words = { connecting: '\u2026 connecting', live: '\u25cf live', lost: '\u25cb no answer' }[link];
  return <p class={`link-state ${link}`}>{words}</p>;
}

function Banner() {
  const { link, fabricFailure } = useTopics('link', 'lab');
  return (
    <div class="banners" role="status">
      {link === 'lost' && (
        <p class="notice bad">The lab does not answer, trying again. What is shown is the last that was heard.</p>
      )}
      {link === 'live' && fabricFailure !== null && (
        <p class="notice bad">The broker of the fabric is down: {fabricFailure}</p>
      )}
    </div>
  );
}

/** Asked anew for each lab process. */
function useLabFacts(store: LabStore): { readonly catalogue: ServicesAnswer | null; readonly labName: string | null } {
  const [catalogue, setCatalogue] = useState<ServicesAnswer | null>(null);
  const [labName, setLabName] = useState<string | null>(null);
  useEffect(() => {
    let boot: string | null = null;
    let again: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      const asked = store.boot;
      boot = asked;
      const [services, lab] = await Promise.all([labClient.services(), labClient.lab()]);
      if (store.boot !== asked) return;
      if (services.ok) setCatalogue(services.value);
      if (lab.ok) setLabName(lab.value.plan.lab);
      // Nothing but the name of the lab follows from the other.
      if (!services.ok) again = setTimeout(ask, AGAIN_MS);
    };
    const end = store.subscribe(['link'], () => {
      if (store.boot === null || store.boot === boot) return;
      clearTimeout(again);
      void ask();
    });
    return () => {
      clearTimeout(again);
      end();
    };
  }, [store]);
  return { catalogue, labName };
}
