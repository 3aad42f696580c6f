import { type Html, html, raw } from '../../html.ts'

/** Line drawings on a grid of 16, in the colour of the text beside them, which says the same in words. */
const PATHS = {
  sun: '<path d="M1.5 12.5h13M4 12.5a4 4 0 0 1 8 0M8 3v2.5M2.8 6.8l1.6 1.5M13.2 6.8l-1.6 1.5"/>',
  night: '<path d="M13.2 10.1A5.7 5.7 0 0 1 5.9 2.8a5.7 5.7 0 1 0 7.3 7.3Z"/>',
  fresh: '<path d="M2 2.5h4.5v4.5H2zM9.5 2.5H14v4.5H9.5z M2 9.5h4.5V14H2zM9.5 11.6l1.6 1.7 3-3.4"/>',
  alert: '<path d="M4 11.5V7a4 4 0 0 1 8 0v4.5l1.2 1H2.8zM6.700 14.3h2.600"/>',
  runs: '<path d="M2 4h12M2 8h12M2 12h7"/>',
  report: '<path d="M4 1.8h5.2L12.5 5v9.2H4zM9 1.8V5.2h3.5M6.2 8.4h4.2M6.2 11h4.2"/>',
  job: '<path d="M4.5 2.5v11l8.5-5.5z"/>',
  schedule: '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.8"/>',
  mail: '<path d="M1.8 3.5h12.4v9H1.8zM1.8 4l6.2 5 6.2-5"/>',
  queue: '<path d="M2 3h12v2.8H2zM2 8h12v2.8H2zM4 13.5h8"/>',
  audit: '<path d="M8 1.6 13.2 3.5v4.2c0 3.2-2.1 5.5-5.2 6.7-3.1-1.2-5.2-3.5-5.2-6.7V3.5zM5.6 8l1.7 1.7 3.1-3.2"/>',
  api: '<path d="M5 4.5 1.8 8 5 11.5M11 4.5 14.2 8 11 11.5M9.2 3 6.8 13"/>',
  done: '<circle cx="8" cy="8" r="6.2"/><path d="m5.2 8.2 2 2 3.7-4.1"/>',
  failed: '<circle cx="8" cy="8" r="6.2"/><path d="m5.8 5.8 4.4 4.4M10.2 5.8 5.8 10.2"/>',
  running: '<path d="M8 1.8A6.2 6.2 0 1 1 1.8 8"/>',
  waiting: '<circle cx="8" cy="8" r="6.2" stroke-dasharray="2.4 2.4"/>',
  stopped: '<circle cx="8" cy="8" r="6.2"/><path d="M5.6 8h4.8"/>',
  late: '<path d="M8 2 14.4 13.4H1.6zM8 6.4v3.4M8 11.6v.2"/>',
  unknown: '<circle cx="8" cy="8" r="6.2"/><path d="M6.2 6.3A1.9 1.9 0 1 1 8 8.6v.6M8 11.3v.2"/>',
  retry: '<path d="M13.4 8A5.4 5.4 0 1 1 11.6 4M13.5 1.8v3h-3"/>',
  download: '<path d="M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11"/>',
  back: '<path d="M10 3 5 8l5 5"/>',
  backfill: '<path d="M13.5 3.5 8 8l5.5 4.5zM8 3.5 2.5 8 8 12.5z"/>',
  forward: '<path d="m6 3 5 5-5 5"/>',
} as const

export type IconName = keyof typeof PATHS

/** Decoration only: hidden from screen readers. */
export function icon(name: IconName): Html {
  return html`<svg class="icon icon-${name}" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${raw(PATHS[name])}</svg>`
}
