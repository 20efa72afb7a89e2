import { TaskError } from '../../engine/base/diagnostic.ts'
import type { ClassList } from '../values/classes.ts'
import type { ImageRef } from '../values/image.ts'
import { checkLabels } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'

/**
 * @param where names the instances in the message.
 * @throws TaskError when the instances are not in the frame of the picture, or have labels outside their class list.
 */
export function checkDrawable(
  instances: Instances,
  { widthPx, heightPx }: ImageRef,
  classes: ClassList,
  where: string,
): void {
  const [height, width] = instances.sizeHw
  if (height !== heightPx || width !== widthPx) {
    throw new TaskError({
      code: 'bad-value',
      message: `${where}: the instances are in a frame of ${width} × ${height}, the picture is ${widthPx} × ${heightPx} (width × height)`,
      fix: 'masks must be in the frame of the original image',
    })
  }
  checkLabels(instances.labels, classes, where)
}
