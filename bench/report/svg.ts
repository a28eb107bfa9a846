/** A picture of a run: how many times as good as its peers Nexus is, row by row, on a logarithmic scale. */
import { bestPeer, type Figure, type KindResult, type RowResult, ratioTo } from '../result.ts'
import type { Measure } from '../row.ts'
import { formatNumber } from '../statistics.ts'
import { labelOf } from './labels.ts'

const TITLE = 'Nexus beside its peers: right of 1 it is ahead'
const WIDTH = 900
const LEFT = 350
const RIGHT = 120
const TOP = 82
const ROW_HEIGHT = 34
const BAR_HEIGHT = 9
const BOTTOM = 30

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #24292f }
.small { font-size: 11px; fill: #57606a }
.title { font-size: 15px; font-weight: 600 }
.ground { fill: #ffffff }
.grid { stroke: #d0d7de }
.one { stroke: #57606a }
.best { fill: #0969da }
.nats { fill: #8c959f }
.spread { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .small { fill: #9198a1 }
  .ground { fill: #0d1117 }
  .grid { stroke: #3d444d }
  .one { stroke: #9198a1 }
  .best { fill: #4493f8 }
  .nats { fill: #656c76 }
  .spread { stroke: #e6edf3 }
}`

interface Bar {
  style: 'best' | 'nats'
  peer: string
  /** More than 1 where Nexus is ahead, whatever was measured. */
  times: Figure
}

interface Line {
  title: string
  bars: Bar[]
}

export function svgOf(results: readonly RowResult[]): string {
  const lines = results.map(lineOf).filter(({ bars }) => bars.length > 0)
  const [least, most] = decadesOf(lines.flatMap(({ bars }) => bars))
  const height = TOP + lines.length * ROW_HEIGHT + BOTTOM
  const x = (times: number): number => {
    const share = (Math.log10(times) - least) / (most - least)
    return LEFT + Math.min(1, Math.max(0, share)) * (WIDTH - LEFT - RIGHT)
  }
  const decades = Array.from({ length: most - least + 1 }, (_, index) => 10 ** (least + index))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    `<title>${TITLE}</title>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>`,
    `<text class="title" x="16" y="26">${TITLE}</text>`,
    `<text class="small" x="16" y="46">How many times as good, on a logarithmic scale: medians, with the spread of the rounds.</text>`,
    `<text class="small" x="16" y="62">Blue: the best peer of the row; grey: NATS. Nexus signs, encrypts and verifies.</text>`,
    ...decades.map((times) => gridLine(times, x(times), height)),
    ...lines.map((line, index) => lineText(line, TOP + index * ROW_HEIGHT, x)),
    '</svg>\n'
  ].join('\n')
}

function lineOf(result: RowResult): Line {
  const [measure] = result.measures
  const best = measure && bestPeer(result, measure)
  const nats = result.kinds.find(({ kind }) => kind === 'nats')
  const bars = [
    ...(best === undefined ? [] : barOf(result, best, measure, 'best')),
    ...(nats === undefined || nats === best ? [] : barOf(result, nats, measure, 'nats'))
  ]
  return { title: `${result.title}${measure?.name.startsWith('p') ? `, ${measure.name}` : ''}`, bars }
}

function barOf(result: RowResult, kind: KindResult, measure: Measure | undefined, style: Bar['style']): Bar[] {
  const ratio = measure && ratioTo(result, kind, measure.name)
  return ratio === undefined
    ? []
    : [{ style, peer: kind.kind, times: measure?.better === 'more' ? ratio : inverse(ratio) }]
}

function inverse({ value, range: [least, most] }: Figure): Figure {
  return { value: 1 / value, range: [1 / most, 1 / least] }
}

/** The powers of ten that hold all bars. */
function decadesOf(bars: readonly Bar[]): [number, number] {
  const logs = bars.map(({ times }) => Math.log10(times.value))
  return [Math.min(-1, Math.floor(Math.min(...logs))), Math.max(1, Math.ceil(Math.max(...logs)))]
}

function gridLine(times: number, x: number, height: number): string {
  const end = height - BOTTOM
  return [
    `<line class="${times === 1 ? 'one' : 'grid'}" x1="${round(x)}" y1="${TOP - 6}" x2="${round(x)}" y2="${end}"/>`,
    `<text class="small" text-anchor="middle" x="${round(x)}" y="${end + 18}">${formatNumber(times)}</text>`
  ].join('\n')
}

function lineText({ title, bars }: Line, top: number, x: (times: number) => number): string {
  const texts = bars.map(({ style, peer, times }, index) => {
    const y = top + 4 + index * (BAR_HEIGHT + 3)
    const middle = y + BAR_HEIGHT / 2
    const [from, to] = [Math.min(x(1), x(times.value)), Math.max(x(1), x(times.value))]
    const [least, most] = times.range.map(x) as [number, number]
    const end = Math.max(to, most) + 6
    return [
      `<rect class="${style}" x="${round(from)}" y="${y}" width="${round(to - from)}" height="${BAR_HEIGHT}"/>`,
      `<line class="spread" x1="${round(least)}" y1="${middle}" x2="${round(most)}" y2="${middle}"/>`,
      `<text class="small" x="${round(end)}" y="${y + BAR_HEIGHT}">${formatNumber(times.value)} × ${labelOf(peer)}</text>`
    ].join('\n')
  })
  return [`<text x="16" y="${top + 16}">${escapeXml(title)}</text>`, ...texts].join('\n')
}

const round = (value: number): number => Math.round(value * 10) / 10

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
