import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Code } from '../base/codes.ts'
import type { Diagnostic, Note } from '../base/diagnostic.ts'
import { nearestName } from '../base/typo.ts'
import { quoteName } from '../base/words.ts'
import { entryKey, isMergeKey, scalarValue, tagProblem } from './scalar.ts'
import { type Child, listTree, mapTree, type Range, scalarTree, type Tree, unreadableTree } from './tree.ts'

const maxDepth = 100
const maxEntries = 5_000
const maxSize = 200_000

/** Turns a parsed YAML document into a tree, reporting what the language of pipelines does not allow. */
export function buildTree(root: Node | null, text: string, file: string, problems: Diagnostic[]): Tree {
  const anchors = new Map<string, Tree | 'open'>()
  let tooLarge = false
  return root === null ? scalarTree(null) : build(root, 0)

  function build(node: Node, depth: number): Tree {
    if (isAlias(node)) return resolveAlias(node)
    const { anchor } = node as { anchor?: string }
    if (anchor !== undefined) anchors.set(anchor, 'open')
    const tree = buildPlain(node, depth)
    if (anchor !== undefined) anchors.set(anchor, tree)
    if (tree.size <= maxSize && tree.height <= maxDepth) return tree
    const what = tree.size > maxSize ? `holds more than ${maxSize} values` : `is more than ${maxDepth} levels deep`
    if (!tooLarge) report('too-large', `with its aliases spelled out, this ${what}`, rangeOf(node))
    tooLarge = true
    return unreadableTree()
  }

  function buildPlain(node: Node, depth: number): Tree {
    const foreign = tagProblem(node)
    if (foreign !== undefined) return refuse('syntax', foreign.message, rangeOf(node), foreign.fix)
    if (depth > maxDepth) return refuse('too-large', `more than ${maxDepth} levels of lists and maps`, rangeOf(node))
    if (isMap(node)) return buildMap(node, depth)
    if (isSeq(node)) return buildList(node, depth)
    if (!isScalar(node)) return refuse('syntax', 'this is neither a scalar, a list nor a map', rangeOf(node))
    const scalar = scalarValue(node)
    if ('value' in scalar) return scalarTree(scalar.value)
    return refuse('bad-number', scalar.message, rangeOf(node), scalar.fix)
  }

  function buildList(list: YAMLSeq, depth: number): Tree {
    if (list.items.length > maxEntries) return refuseCount('a list', list.items.length, rangeOf(list))
    return listTree(
      (list.items as Node[]).map(item => ({ tree: build(item, depth + 1), key: undefined, value: rangeOf(item) })),
    )
  }

  function buildMap(map: YAMLMap, depth: number): Tree {
    if (map.items.length > maxEntries) return refuseCount('a map', map.items.length, rangeOf(map))
    const own = new Map<string, Child>()
    const merged: Tree[] = []
    let mergeKey: Range | undefined
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = rangeOf(pair.key)
      const child = {
        tree: pair.value === null ? scalarTree(null) : build(pair.value, depth + 1),
        key,
        value: pair.value === null ? { start: key.end, end: key.end } : rangeOf(pair.value),
      }
      if (isMergeKey(pair.key)) {
        if (mergeKey !== undefined) reportDuplicate('<<', key, mergeKey)
        else merged.push(...mergeSources(child))
        mergeKey ??= key
        continue
      }
      const name = entryKey(pair.key, text)
      if ('message' in name) {
        report('bad-key', name.message, key, name.fix)
        continue
      }
      const first = own.get(name.key)?.key
      if (first !== undefined) reportDuplicate(name.key, key, first)
      else own.set(name.key, child)
    }
    for (const source of merged) {
      for (const [name, child] of source.children) if (!own.has(name as string)) own.set(name as string, child)
    }
    return mapTree(own)
  }

  /** What `<<:` brings in: a map or a list of maps, the first of which wins. */
  function mergeSources({ tree, value }: Child): readonly Tree[] {
    if (tree.unreadable) return []
    const sources = Array.isArray(tree.json) ? [...tree.children.values()].map(child => child.tree) : [tree]
    const maps = sources.filter(
      source => source.json !== null && typeof source.json === 'object' && !Array.isArray(source.json),
    )
    if (maps.length < sources.length)
      report(
        'bad-key',
        '`<<:` takes in maps; this is none',
        value,
        'write `<<: *name` with the anchor of a map, or a list of such',
      )
    return maps
  }

  function resolveAlias(alias: Alias): Tree {
    const target = anchors.get(alias.source)
    if (target === 'open')
      return refuse(
        'unknown-anchor',
        `${quoteName(`*${alias.source}`)} refers to the value it is part of`,
        rangeOf(alias),
      )
    if (target !== undefined) return target
    const nearest = nearestName(alias.source, anchors.keys())
    const looksLikeGlob = /[*?./{}]/.test(alias.source)
    const fix =
      nearest !== undefined && !looksLikeGlob
        ? `did you mean \`*${nearest}\`?`
        : `if it is text, such as a file pattern, put it in quotes: "*${alias.source}"`
    return refuse(
      'unknown-anchor',
      `no anchor ${quoteName(`&${alias.source}`)} is defined before this`,
      rangeOf(alias),
      fix,
    )
  }

  function refuse(code: Code, message: string, range: Range, fix?: string): Tree {
    report(code, message, range, fix)
    return unreadableTree()
  }

  function refuseCount(what: string, count: number, range: Range): Tree {
    return refuse(
      'too-large',
      `${what} of ${count} entries; at most ${maxEntries} are allowed`,
      range,
      'move long lists to a file that a step reads',
    )
  }

  function reportDuplicate(name: string, second: Range, first: Range): void {
    report('duplicate-key', `the key ${quoteName(name)} is there twice`, second, 'remove or rename one of them', [
      { message: 'first given here', at: { file, ...first } },
    ])
  }

  function report(code: Code, message: string, range: Range, fix?: string, notes?: readonly Note[]): void {
    problems.push({
      code,
      message,
      at: { file, ...range },
      ...(fix === undefined ? {} : { fix }),
      ...(notes === undefined ? {} : { notes }),
    })
  }

  /** Block collections reach to the start of the next line; the white space at their end is not theirs. */
  function rangeOf(node: Node | null): Range {
    const [start, end] = node?.range ?? [0, 0]
    return { start, end: start + text.slice(start, end).trimEnd().length }
  }
}
