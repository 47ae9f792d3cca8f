"""The style sheet of the report's page: system fonts, light and dark, phone first."""

STYLE = """
:root {
  --ink: #1b1f24; --soft: #5b6570; --paper: #ffffff; --panel: #f5f6f8;
  --rule: #dfe3e8; --accent: #2563b0; --band: #2563b033; --less: #c0562b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ed; --soft: #9aa5b1; --paper: #14171b; --panel: #1d2228;
    --rule: #333a42; --accent: #76a9ea; --band: #76a9ea33; --less: #e08a63;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.25rem 1rem 4rem; max-width: 70rem; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.5rem 0; }
h2 {
  font-size: 1.3rem; margin: 2.75rem 0 0.75rem; padding-top: 0.75rem;
  border-top: 1px solid var(--rule);
}
h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 46rem; }
a { color: var(--accent); }
small, .soft, figcaption { color: var(--soft); font-size: 0.85rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.4rem 1rem; margin: 1rem 0; }
.facts { display: grid; gap: 0.6rem; padding: 0; margin: 1.25rem 0;
  grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); }
.facts div { background: var(--panel); border-radius: 0.5rem; padding: 0.7rem 0.9rem; }
.facts dt { color: var(--soft); font-size: 0.8rem; }
.facts dd { margin: 0; font-size: 1.15rem; font-weight: 600; }
.wide { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; width: 100%;
  font-variant-numeric: tabular-nums; }
th, td { padding: 0.4rem 0.6rem; border-bottom: 1px solid var(--rule);
  text-align: right; vertical-align: top; white-space: nowrap; }
th { font-weight: 600; }
thead th { white-space: normal; min-width: 6.5rem; }
thead small { font-weight: 400; }
th:first-child { text-align: left; position: sticky; left: 0; min-width: 11rem;
  background: var(--paper); }
td small { display: block; }
dl.rows { columns: 20rem 2; column-gap: 2rem; font-size: 0.85rem; }
dl.rows div { break-inside: avoid; margin-bottom: 0.5rem; }
dl.rows dt { font-weight: 600; }
dl.rows dd { margin: 0; color: var(--soft); }
figure { margin: 1rem 0; }
figure .wide { margin: 0; }
img { display: block; width: 100%; min-width: 34rem; height: auto; background: #fff;
  border-radius: 0.4rem; }
.charts { display: grid; gap: 0.5rem 2rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); }
.chart { width: 100%; max-width: 30rem; height: auto; }
.chart text { fill: var(--ink); font: 11px system-ui, sans-serif; }
.chart .rule { stroke: var(--rule); }
.chart .band { fill: var(--band); }
.chart .line { fill: none; stroke: var(--accent); stroke-width: 2; }
.chart .dot, .chart .more { fill: var(--accent); }
.chart .less { fill: var(--less); }
details { margin: 0.75rem 0; }
summary { cursor: pointer; color: var(--accent); }
dl.notes dt { font-weight: 600; margin-top: 0.6rem; }
dl.notes dd { margin: 0; max-width: 46rem; }
@media (max-width: 40rem) {
  th:first-child { min-width: 7.5rem; max-width: 9.5rem; white-space: normal; }
  th, td { padding: 0.35rem 0.45rem; }
}
"""
