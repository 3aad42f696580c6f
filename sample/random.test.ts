import { describe, expect, test } from 'vitest'
import { randomOf } from './random.ts'

const COUNT = 20_000

function draws(draw: () => number): { mean: number; deviation: number } {
  const values = Array.from({ length: COUNT }, draw)
  const mean = values.reduce((sum, value) => sum + value, 0) / COUNT
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / COUNT) }
}

describe('randomOf', () => {
  test('the same words give the same stream, other words another, however they are cut', () => {
    const stream = (...words: string[]) => Array.from({ length: 5 }, randomOf(...words).unit)

    expect(stream('a', 'bc')).toEqual(stream('a', 'bc'))
    expect(stream('a', 'bc')).not.toEqual(stream('ab', 'c'))
  })

  test('draws have the mean and the deviation they promise', () => {
    const random = randomOf('moments')
    const near = (value: number) => expect.closeTo(value, 1)

    expect(draws(random.unit)).toEqual({ mean: near(0.5), deviation: near(Math.sqrt(1 / 12)) })
    expect(draws(random.normal)).toEqual({ mean: near(0), deviation: near(1) })
    expect(draws(() => random.poisson(3.5))).toEqual({ mean: near(3.5), deviation: near(Math.sqrt(3.5)) })
    expect(draws(() => Math.log(random.logNormal(20, 0.5)))).toEqual({ mean: near(Math.log(20)), deviation: near(0.5) })
  })

  test('weights say how often each item is drawn', () => {
    const random = randomOf('weights')
    const items = [{ weight: 1 }, { weight: 0 }, { weight: 3 }]
    const drawn = Array.from({ length: COUNT }, () => random.weighted(items))
    const shares = items.map((item) => drawn.filter((each) => each === item).length / COUNT)

    expect(shares).toEqual([expect.closeTo(0.25, 1), 0, expect.closeTo(0.75, 1)])
  })

  test('nothing can be drawn from an empty list', () => {
    expect(() => randomOf('none').pick([])).toThrow('empty list')
  })
})
