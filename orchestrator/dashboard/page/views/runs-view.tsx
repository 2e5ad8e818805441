export function RunsView({ query }: { readonly query: URLSearchParams }) {
  return <h1>Runs {query.toString()}</h1>;
}
