import { type Html, html, lines } from '../../../html.ts'
import type { Block, Check, Figure } from '../../document.ts'
import { changeOf, changeText, targetWord } from '../value/change.ts'
import { subtractDecimals } from '../value/decimal.ts'
import { type Formatter, NO_VALUE } from '../value/format-value.ts'
import { assertValue, quantityOf } from '../value/quantity.ts'
import { icon } from './html-icons.ts'
import { directionAttribute, textElement } from './html-text.ts'

type Figures = Extract<Block, { kind: 'figures' }>
type Checks = Extract<Block, { kind: 'checks' }>
type Locality = { formatter: Formatter; currency: string }

/** Headline numbers as cards, each with its change against earlier periods and whether its target is met. */
export function figuresHtml(block: Figures, title: Html, locality: Locality): Html {
  const cards = lines(block.figures.map((figure) => cardHtml(figure, locality)))
  return html`<section class="figures">${title}<ul class="cards${sitsInThrees(block.figures.length) && ' threes'}">
${cards}
</ul></section>`
}

/** Whether so many cards leave less of a gap in rows of three than in rows of four, on paper. */
function sitsInThrees(count: number): boolean {
  return (3 - (count % 3)) % 3 < (4 - (count % 4)) % 4
}

function cardHtml(figure: Figure, locality: Locality): Html {
  assertValue(figure.value, figure, `the figure "${figure.label}"`)
  const shown = locality.formatter.value(figure.value, figure)
  const comparisons = (figure.comparisons ?? []).map((comparison) => comparisonHtml(figure, comparison, locality))
  const label = textElement('p', figure.label, html` class="card-label"`)
  const value = html`<p class="card-value${shown.length > 13 && ' long'}"${directionAttribute(shown)}>${shown}</p>`
  const against = comparisons.length > 0 && html`<ul class="comparisons">${comparisons}</ul>`
  const target = figure.target !== undefined && targetHtml(figure, figure.target, locality)
  return html`<li class="card">${label}${value}${against}${target}</li>`
}

function comparisonHtml(
  figure: Figure,
  { label, value }: { label: string; value: Figure['value'] },
  locality: Locality,
): Html {
  assertValue(value, figure, `"${label}" of the figure "${figure.label}"`)
  const change = changeOf(figure, figure.value, value, locality.currency)
  const earlier = locality.formatter.value(value, figure)
  const mark =
    change === null
      ? html`<span class="change">${NO_VALUE}</span>`
      : html`<span class="change">${icon(change.direction)}${changeText(change, figure, locality.formatter)}</span>`
  return html`<li>${mark} <span class="against"><span${directionAttribute(label)}>${label}</span>: <span class="earlier">${earlier}</span></span></li>`
}

function targetHtml(figure: Figure, target: NonNullable<Figure['target']>, { formatter }: Locality): Html {
  assertValue(target.value, figure, `the target of the figure "${figure.label}"`)
  const mark = target.met === null ? null : icon(target.met ? 'yes' : 'no')
  const state = target.met === null ? '' : target.met ? ' met' : ' missed'
  const words = `${target.label} ${formatter.value(target.value, figure)}`
  return html`<p class="target${state}"><span class="target-mark">${mark}${targetWord(target)}</span> <span class="against">${words}</span></p>`
}

/** Sums that must hold, each with both sides, their difference and the verdict in words. */
export function checksHtml(block: Checks, title: Html, locality: Locality): Html {
  const rows = lines(block.checks.map((check) => checkHtml(check, locality)))
  return html`<div class="table checks"><div class="scroll" role="region" aria-label="${block.title}" tabindex="0"><table>
<caption class="table-title">${title}</caption>
<thead><tr><th scope="col">Check</th><th scope="col" class="number">One side</th><th scope="col" class="number">Other side</th><th scope="col" class="number">Difference</th><th scope="col">Result</th></tr></thead>
<tbody>
${rows}
</tbody></table></div></div>`
}

function checkHtml(check: Check, locality: Locality): Html {
  const { formatter } = locality
  const texts = [
    formatter.value(check.left, check),
    formatter.value(check.right, check),
    differenceText(check, locality),
  ]
  const cells = texts.map((text) => html`<td class="number">${text}</td>`)
  const verdict = check.holds ? html`${icon('yes')}holds` : html`${icon('no')}does not hold`
  const label = textElement('th', check.label, html` scope="row"`)
  return html`<tr>${label}${cells}<td class="verdict ${check.holds ? 'met' : 'missed'}">${verdict}</td></tr>`
}

/** Left less right, exact; an en dash where a side is missing or they are no numbers. */
function differenceText(check: Check, { formatter, currency }: Locality): string {
  assertValue(check.left, check, `one side of the check "${check.label}"`)
  assertValue(check.right, check, `the other side of the check "${check.label}"`)
  if (typeof check.left !== 'number' || typeof check.right !== 'number') return NO_VALUE
  return formatter.value(
    subtractDecimals(quantityOf(check.left, check, currency), quantityOf(check.right, check, currency)),
    check,
  )
}
