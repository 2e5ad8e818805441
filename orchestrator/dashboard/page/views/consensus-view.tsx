export function ConsensusView({ query }: { readonly query: URLSearchParams }) {
  return <h1>Consensus {query.toString()}</h1>;
}
