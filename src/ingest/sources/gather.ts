/** Pieces of a text on their way to whoever looks for the end of something in them. */
export type Gatherer = {
  /** All that has gathered, with this piece; null: not enough yet to look again. */
  add(piece: string): string | null
  /** Keeps what has no end yet. */
  keep(rest: string): void
  /** What is kept, when no more comes. */
  rest(): string
}

/**
 * What was looked through in vain is looked through again only when it has doubled, so that something long costs no
 * more than its length. `max`: from this length on each piece is worth a look, since no end is waited for any longer.
 */
export function createGatherer(max: number): Gatherer {
  let pieces: string[] = []
  let length = 0
  let enough = 0
  const rest = () => pieces.join('')
  return {
    rest,
    add(piece) {
      pieces.push(piece)
      length += piece.length
      return length < enough ? null : rest()
    },
    keep(kept) {
      pieces = [kept]
      length = kept.length
      enough = Math.min(2 * length, max)
    },
  }
}
