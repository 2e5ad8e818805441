export function FaultsView({ query }: { readonly query: URLSearchParams }) {
  return <h1>Faults {query.toString()}</h1>;
}
