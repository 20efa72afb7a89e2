import { mkdtempSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { CheckProblem } from '../../engine/contract/node.ts'
import { hierarchyOpenImages } from '../../nodes/hierarchy/open-images.ts'
import { ancestorsOfEach, type Hierarchy } from '../../nodes/values/hierarchy.ts'
import { demoPath } from '../helpers/demo.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

async function checked(tree: string, descriptions: string): Promise<{ types: object; problems: CheckProblem[] }> {
  const files: { [path: string]: string } = { 'tree.json': tree, 'names.csv': descriptions }
  const check = testCheck({ readFile: path => new TextEncoder().encode(files[path]) })
  const params = { hierarchy: { path: 'tree.json', sha256: 'a' }, descriptions: { path: 'names.csv', sha256: 'b' } }
  const types = await hierarchyOpenImages.types!(params as never, check.context)
  return { types, problems: check.problems }
}

const names = 'LabelName,DisplayName\n/m/a,"Apple, red"\n/m/f,Fruit\n/m/p,Plant\n'
const node = (id: string, ...below: object[]) => ({ LabelName: id, ...(below.length > 0 && { Subcategory: below }) })

describe('hierarchy/open-images', () => {
  it('reads the demo: 18 classes, leaves below parents below grandparents', async () => {
    const params = {
      hierarchy: { path: demoPath('hierarchy.json'), sha256: '' },
      descriptions: { path: demoPath('class-descriptions.csv'), sha256: '' },
    }
    const { hierarchy, classes } = await runNode(hierarchyOpenImages, {}, params)
    const { classes: list, parents } = hierarchy as Hierarchy
    const nameOf = (label: number) => list[label]!.name
    const ancestors = ancestorsOfEach({ classes: list, parents })
    expect(list).toHaveLength(18)
    expect(classes).toEqual({ classes: list })
    expect(ancestors[list.findIndex(({ name }) => name === 'Apple')]!.map(nameOf)).toEqual(['Food', 'Fruit'])
    expect(ancestors[list.findIndex(({ name }) => name === 'Tiger')]!.map(nameOf)).toEqual(['Animal', 'Carnivore'])
    expect(parents.filter(direct => direct.length === 0)).toHaveLength(3)
  })

  it('gives the same class list and hierarchy when checked as when run', async () => {
    const params = {
      hierarchy: { path: demoPath('hierarchy.json'), sha256: '' },
      descriptions: { path: demoPath('class-descriptions.csv'), sha256: '' },
    }
    const files = new Map([
      [params.hierarchy.path, await readFile(params.hierarchy.path)],
      [params.descriptions.path, await readFile(params.descriptions.path)],
    ])
    const check = testCheck({ readFile: path => files.get(path)! })
    const types = await hierarchyOpenImages.types!(params as never, check.context)
    expect(check.problems).toEqual([])
    expect(types).toEqual(await runNode(hierarchyOpenImages, {}, params))
  })

  it('skips the root, the header and Part, and gives a class at two places two parents', async () => {
    const tree = node('/m/root', node('/m/f', node('/m/a')), { ...node('/m/p', node('/m/a')), Part: [node('/m/f')] })
    const { types, problems } = await checked(JSON.stringify(tree), names)
    expect(problems).toEqual([])
    expect(types).toMatchObject({
      classes: { classes: [{ id: '/m/a', name: 'Apple, red' }, { id: '/m/f' }, { id: '/m/p' }] },
      hierarchy: { parents: [[1, 2], [], []] },
    })
  })

  it.each([
    [
      'a class nobody described',
      JSON.stringify(node('r', node('/m/f', node('/m/b')))),
      names,
      'hierarchy',
      '/m/f > /m/b: /m/b is not among the 3',
    ],
    [
      'a class below itself',
      JSON.stringify(node('r', node('/m/f', node('/m/f')))),
      names,
      'hierarchy',
      '/m/f is below itself',
    ],
    [
      'a circle over two branches',
      JSON.stringify(node('r', node('/m/a', node('/m/f')), node('/m/f', node('/m/a')))),
      names,
      'hierarchy',
      'its own ancestor',
    ],
    ['a tree that is no JSON', '{"LabelName":', names, 'hierarchy', 'tree.json: is not JSON'],
    [
      'a node without LabelName',
      '{"Subcategory": []}',
      names,
      'hierarchy',
      'root: expected an object with a LabelName',
    ],
    [
      'a row with one cell',
      JSON.stringify(node('r')),
      '/m/a,Apple\n/m/b\n',
      'descriptions',
      'names.csv, row 2: expected a class id and a name, found "/m/b"',
    ],
    ['two rows with one id', JSON.stringify(node('r')), '/m/a,Apple\n/m/a,Pear\n', 'descriptions', 'the same id /m/a'],
    ['an empty file', JSON.stringify(node('r')), '', 'descriptions', 'names no class'],
  ])('reports %s at its parameter', async (_name, tree, descriptions, param, message) => {
    const { problems } = await checked(tree, descriptions)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ param })
    expect(problems[0]!.message).toContain(message)
  })

  it('fails the run with the same words when the file changes after the check', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))
    writeFileSync(join(folder, 'names.csv'), '/m/a\n')
    const path = { path: join(folder, 'names.csv'), sha256: '' }
    await expect(runNode(hierarchyOpenImages, {}, { hierarchy: path, descriptions: path })).rejects.toThrow('row 1')
  })
})
