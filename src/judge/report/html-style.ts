/**
 * The style of the HTML report. Colours are defined once for light and once for dark; the two legs also differ in form
 * (an area and a line), for those who see no colours. No `<` or `&` in here: the report is well-formed XML.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --text: #1c2126; --quiet: #57606a; --rule: #d0d7de; --panel: #f6f8fa;
  --primary: #86b6dd; --shadow: #b3420a; --estimate: #0b5cad; --interval: #cfe2f3; --margin: #a40e26;
  --good: #1a6b34; --bad: #a40e26; --open: #7a5200;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1317; --text: #e4e9ee; --quiet: #9aa5b1; --rule: #39424c; --panel: #181d23;
    --primary: #35648f; --shadow: #ff9d5c; --estimate: #7fbcf5; --interval: #1d3a55; --margin: #ff8a95;
    --good: #67c98a; --bad: #ff8a95; --open: #e2b04a;
  }
}
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; border-bottom: 1px solid var(--rule); }
.verdict { border-left: 0.4rem solid var(--open); background: var(--panel); padding: 1rem 1.25rem; }
.verdict.PROMOTE { border-color: var(--good); }
.verdict.ROLLBACK, .verdict.INVALID { border-color: var(--bad); }
.verdict p { margin: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 1rem 0 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; }
caption, summary { text-align: left; color: var(--quiet); font-size: 0.9rem; padding: 0.25rem 0; }
th, td { text-align: left; padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td { overflow-wrap: break-word; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
details caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
svg { display: block; width: 100%; max-width: 45rem; height: auto; margin: 1rem 0; }
svg .label { fill: var(--text); font: 12px system-ui, sans-serif; }
svg .axis { stroke: var(--quiet); }
svg .grid { stroke: var(--rule); }
svg .margin { stroke: var(--margin); stroke-width: 1.5; stroke-dasharray: 6 4; }
svg .interval { fill: var(--interval); }
svg polyline.estimate { fill: none; stroke: var(--estimate); stroke-width: 1.5; }
svg line.estimate { stroke: var(--estimate); }
svg circle.estimate { fill: var(--estimate); }
svg .primary { fill: var(--primary); }
svg .shadow { fill: none; stroke: var(--shadow); stroke-width: 1.5; }
svg .stage { fill: var(--primary); }
svg .loss { fill: var(--panel); stroke: var(--rule); }
@media print { details { display: block; } body { font-size: 12px; } }
`
