/** How the operator's page looks: a table on a wide screen, a card for each row on a narrow one. */
export const STYLE = `:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline;
  padding: .5rem 1.5rem; background: Canvas; border-bottom: 1px solid var(--line); }
h1 { font-size: 1.1rem; font-weight: 400; margin: 0; }
h2 { font-size: 1.15rem; margin: 0 0 .5rem; }
.count { color: GrayText; font-weight: 400; }
nav { display: flex; flex-wrap: wrap; gap: .25rem .9rem; align-items: baseline; }
nav[hidden] { display: none; }
main, #status { max-width: 72rem; margin: 0 auto; padding: 0 1.5rem; }
#status { min-height: 1.5rem; margin-top: .5rem; }
#status.bad { color: #b3261e; font-weight: 600; }
@media (prefers-color-scheme: dark) { #status.bad { color: #ffb4ab; } }
section { margin: 1.25rem 0 2.5rem; scroll-margin-top: 4rem; }
section:focus { outline: none; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 600; white-space: nowrap; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
td.when { white-space: nowrap; }
td.key, td.about { overflow-wrap: anywhere; font: .85em/1.6 ui-monospace, monospace; }
td.acts { white-space: nowrap; }
button, input { font: inherit; padding: .25rem .6rem; border: 1px solid color-mix(in srgb, currentColor 45%, transparent);
  border-radius: .35rem; background: Canvas; color: CanvasText; max-width: 100%; }
button { cursor: pointer; }
button.danger { border-color: #b3261e; color: #b3261e; }
@media (prefers-color-scheme: dark) { button.danger { border-color: #ffb4ab; color: #ffb4ab; } }
button:hover { background: color-mix(in srgb, currentColor 10%, Canvas); }
:focus-visible { outline: 3px solid #1a73e8; outline-offset: 2px; }
form, .filter { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin-bottom: .75rem; }
#enter { max-width: 34rem; margin-top: 3rem; }
#enter[hidden] { display: none; }
#enter input { flex: 1 1 14rem; }
.hint { flex-basis: 100%; margin: 0; color: GrayText; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 2; background: Canvas; padding: .25rem .5rem; }
.soon { font-weight: 600; }
@media (max-width: 44rem) {
  header, main, #status { padding-left: 1rem; padding-right: 1rem; }
  section { scroll-margin-top: 7rem; }
  thead { position: absolute; left: -99rem; }
  table, tbody, tr, td { display: block; }
  tr { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; margin-bottom: .75rem; }
  td { border: 0; padding: .15rem 0; display: flex; gap: .75rem; }
  td::before { content: attr(data-label); flex: 0 0 5rem; color: GrayText; font: .9rem/1.6 system-ui, sans-serif; }
  td.acts { flex-wrap: wrap; }
  td.empty::before { content: none; }
  button { min-height: 2.75rem; }
  form label, .filter { flex-basis: 100%; }
  form input, .filter input { width: 100%; min-height: 2.75rem; }
}
`
