import { afterEach, expect, it } from 'vitest'
import { createRig, type Rig } from '../helpers/rig.ts'

let rig: Rig
afterEach(() => rig.close())

const pipeline = `maskloom: 1
name: cells
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  loud:
    uses: fake/upper
    matrix: { end: ["!", "a b", "a_b", "ä"], again: [1, 2] }
    with: { suffix: "\${matrix.end}\${matrix.again}" }
    in: { texts: texts.texts }
  all: { uses: fake/collect, matrix: loud, in: { texts: loud.text } }
outputs: { all: all.text, loud: loud.text }
`

it('names what several cells gave by their coordinates, and no two alike', async () => {
  rig = createRig(pipeline, { p: 'pear' })
  const { outputs } = await rig.run()
  const cells = ['%21', '%c3%a4', 'a%20b', 'a_b'].flatMap(end => [1, 2].map(again => `again=${again},end=${end}`))
  expect(Object.keys(outputs).sort()).toEqual(
    [...cells.map(cell => `all/${cell}.txt`), ...cells.map(cell => `loud/${cell}/p.txt`)].sort(),
  )
  expect(outputs['loud/again=2,end=a%20b/p.txt']).toBe('PEARa b2')
  expect(outputs['loud/again=2,end=a_b/p.txt']).toBe('PEARa_b2')
})
