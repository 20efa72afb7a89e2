import type { Locate, TreePath } from '../contract/pipeline.ts'
import type { Range, Tree } from './tree.ts'

/**
 * Places of the values and keys of a file. Below an alias they are those of the anchored text; a value that is empty
 * (`nms:`) is shown at its key; for a path that does not exist the key of its nearest existing ancestor stands in.
 */
export function locator(file: string, root: Tree): Locate {
  return (path, at = 'value') => {
    let tree = root
    let key = firstKey(root)
    let value: Range = key
    let found = true
    for (const segment of path) {
      const child = tree.children.get(segment)
      if (child === undefined) {
        found = false
        break
      }
      tree = child.tree
      value = child.value
      key = child.key ?? child.value
    }
    const { start, end } = found && at === 'value' && value.end > value.start ? value : key
    return { file, start, end }
  }
}

/** True if the path leads to (or through) something that could not be read. */
export function isUnreadable(root: Tree, path: TreePath): boolean {
  let tree: Tree | undefined = root
  for (const segment of path) {
    if (tree === undefined || tree.unreadable) break
    tree = tree.children.get(segment)?.tree
  }
  return tree?.unreadable ?? false
}

function firstKey(root: Tree): Range {
  for (const child of root.children.values()) return child.key ?? child.value
  return { start: 0, end: 0 }
}
