import { type Html, html } from '../../html.ts'
import { formatDuration, formatTime, titleOf } from '../ui/format.ts'
import { toneOf } from '../ui/parts.ts'
import type { ClientNight, NightRun } from './read-night.ts'

const WIDTH = 1000
const LANE_HEIGHT = 7
const LANE_GAP = 3
const LANES_MAX = 8
/** A run of no length is still seen. */
const BAR_MIN = 3

type Bar = { run: NightRun; startMs: number; endMs: number }

/** When what ran, as bars on a line of time. The table below says the same in words. */
export function nightTimeline(night: ClientNight, runs: readonly NightRun[]): Html | null {
  const bars = barsOf(runs)
  const first = bars[0]
  if (!first) return null
  const beginMs = first.startMs
  const endMs = Math.max(...bars.map((bar) => bar.endMs), beginMs + 1000)
  const scale = WIDTH / (endMs - beginMs)
  const lanes = layLanes(bars, BAR_MIN / scale)
  const count = Math.min(LANES_MAX, Math.max(...lanes) + 1)
  const height = count * (LANE_HEIGHT + LANE_GAP) - LANE_GAP
  return html`<figure class="timeline" aria-hidden="true">
<svg viewBox="0 0 ${WIDTH} ${height}" preserveAspectRatio="none" height="${height}">${bars.map((bar, index) => {
    const lane = lanes[index] ?? 0
    if (lane >= LANES_MAX) return null
    const x = (bar.startMs - beginMs) * scale
    const width = Math.max(BAR_MIN, (bar.endMs - bar.startMs) * scale)
    const left = Math.min(x, WIDTH - width)
    const label = `${titleOf(bar.run.job)}, ${formatDuration(bar.endMs - bar.startMs)}`
    return html`<rect class="${toneOf(bar.run.state)}" x="${left.toFixed(1)}" y="${lane * (LANE_HEIGHT + LANE_GAP)}" width="${width.toFixed(1)}" height="${LANE_HEIGHT}" rx="2"><title>${label}</title></rect>`
  })}</svg>
<figcaption><span>${formatTime(instant(beginMs), night.timeZone)}</span><span>${formatTime(instant(endMs), night.timeZone)}</span></figcaption>
</figure>`
}

function instant(epochMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.round(epochMs)).toString()
}

function barsOf(runs: readonly NightRun[]): Bar[] {
  const ended = runs.flatMap((run) => {
    if (run.startedAt === null) return []
    const startMs = Temporal.Instant.from(run.startedAt).epochMilliseconds
    const endMs = run.finishedAt === null ? Number.NaN : Temporal.Instant.from(run.finishedAt).epochMilliseconds
    return [{ run, startMs, endMs }]
  })
  const latestMs = Math.max(
    ...ended.flatMap(({ startMs, endMs }) => (Number.isNaN(endMs) ? [startMs + 1000] : [endMs])),
  )
  const bars = ended.map((bar) => (Number.isNaN(bar.endMs) ? { ...bar, endMs: latestMs } : bar))
  return bars.sort((a, b) => a.startMs - b.startMs)
}

/** The lane of each bar: the first in which it overlaps no other. */
function layLanes(bars: readonly Bar[], minimumMs: number): number[] {
  const freeFromMs: number[] = []
  return bars.map((bar) => {
    const found = freeFromMs.findIndex((free) => free <= bar.startMs)
    const lane = found === -1 ? freeFromMs.length : found
    freeFromMs[lane] = Math.max(bar.endMs, bar.startMs + minimumMs)
    return lane
  })
}
