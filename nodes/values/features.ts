import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Kind, Spilled } from '../../engine/contract/kind.ts'
import type { ViewFrame } from '../kernels/view-frame.ts'

/** How an image was shown to a network. */
export type View = ViewFrame

/** Feature maps of one view. The maps stay where the network ran; this is the handle to them. */
export interface Features<Model = unknown, Maps = unknown> {
  readonly model: Model
  readonly view: View
  readonly maps: Maps
  /** Bytes that the maps hold. */
  readonly bytes: number
  /** Gives the maps back. Called once. */
  readonly release: () => void
  /** Writes the maps to an open, empty file, from which the same features are made again. */
  readonly spill: (file: number) => Promise<Spilled<Features<Model, Maps>>>
}

const NAME = 'features'

export const featuresKind: Kind<Features> = {
  name: NAME,
  description: 'Feature maps of one view of one image; they never leave the machine that made them.',
  transient: true,
  extension: 'features',
  encode: () => {
    throw new TaskError({ code: 'bad-value', message: 'features are not stored: nothing may ask for their bytes' })
  },
  decode: () => {
    throw new TaskError({ code: 'bad-value', message: 'features are not stored: there are no bytes to read' })
  },
  release: value => value.release(),
  spill: (value, file) => value.spill(file),
  residentBytes: value => value.bytes,
}
