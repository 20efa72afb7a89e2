/**
 * Every code a diagnostic can carry, with what it means. A closed list: a test compares it with the source. A code names
 * the kind of mistake, not the place it was found at; the message says the rest. `docs/errors.md` is made from it.
 */
export const codeGroups = {
  'Reading files (engine/load)': {
    syntax: 'The text is not valid YAML, or uses a part of YAML that pipelines do not allow.',
    'too-large': 'A file, list or map is larger than anything a person writes; data belongs in files that steps read.',
    'duplicate-key': 'A map has the same key twice.',
    'bad-key': 'Something that cannot be a key stands where a key is expected.',
    'bad-number': 'A number is not finite or has more digits than a double can hold.',
    'unknown-anchor': 'An alias (`*name`) refers to no anchor before it; often a file pattern without quotes.',
    'unknown-key': 'A key that is not part of the language or of the parameters at this place.',
    'missing-key': 'A key that must be there is not.',
    'wrong-type': 'A value has another type than expected: text for a number, a list for a map.',
    'bad-value': 'A value has the right type but is not allowed: out of range, none of the choices, NaN.',
    'bad-param': 'A parameter is declared in a way that contradicts itself, or was given a value that does not fit.',
    'bad-reference': 'A `${…}` is malformed, or stands where references are not resolved, or has no value there.',
    'bad-argument': 'A command line argument cannot be understood.',
  },
  'Names (engine/load, engine/plan)': {
    'unknown-step': 'A step is named that this file does not have.',
    'unknown-input': 'An input of the file is named that it does not declare, or a step without a port.',
    'unknown-param': 'A parameter is named that does not exist there.',
    'unknown-env': 'An environment variable is read that the file does not declare under `env:`.',
    'unknown-axis': 'An axis is named that the step does not have.',
    'unknown-node': 'No node has the name in `uses:`.',
    'unknown-port': 'A node or pipeline has no port of this name.',
    'unknown-target': 'A target on the command line is neither an output nor a port of a step.',
    'missing-file': 'A file or folder that is needed is not there.',
    'unreadable-file': 'A file or folder is there but cannot be read.',
    'missing-param': 'A parameter without default was not given.',
    'missing-input': 'An input that must be fed is not.',
    'unbound-input': 'A pipeline with `inputs:` can be used by another pipeline, not run alone.',
    'outside-root': 'A path leads out of the project.',
    'needs-permission': 'The pipeline wants to do something that the user has to allow on the command line.',
    'bad-nodes': 'A module of user nodes cannot be loaded, or what it exports are no nodes.',
  },
  'How steps hang together (engine/load, engine/plan)': {
    cycle: 'Steps, matrices or pipelines wait for each other in a circle.',
    'bad-matrix': 'A matrix has no axes or no cells, repeats an id, or is incomplete.',
    'bad-axis': 'An axis is folded, named or shadowed in a way that cannot work.',
    'open-axis': 'An input has an axis that the step neither has nor folds.',
    'no-cells': 'An input has no cell for these coordinates.',
    'bad-output': 'Something is declared as an output that cannot be one.',
    'transient-output': 'A value that is never stored cannot be delivered.',
    'bad-weights': 'Weights name an axis or a coordinate that the folded input does not have.',
    'wrong-kind': 'A port takes another kind of value than the one it is fed.',
    'wrong-dimension': 'A port takes one value per item and is fed one per collection, or the reverse.',
    'too-many-values': 'A port takes one value and is fed several.',
    'not-ordered': 'A list is given to a port for which order means nothing.',
    'mixed-types': 'Values that are to be folded have different static types, such as class lists.',
    segment: 'A collection node lies between steps that pass transient values.',
    'bad-content': 'A file or model does not contain what the step needs.',
    'bad-item-id': 'The id of an item is empty, repeated or no relative path.',
    'bad-selection': '`items:` names something that cannot choose items, or stands where items are made.',
  },
  'Running (engine/run, nodes)': {
    'items-differ': 'Inputs that are joined by item have different items.',
    'input-changed': 'A file was changed after the run was planned.',
    'bad-file': 'A file cannot be read as what it should be.',
    'bad-image': 'A picture cannot be decoded.',
    'bad-model': 'A model folder or graph is not what its contract says.',
    'bad-device': 'The device asked for is no device name.',
    'no-device': 'The device asked for is not on this machine.',
    'no-runtime': 'The inference runtime cannot be loaded.',
    'inference-failed': 'The inference runtime gave up on a view.',
    'node-error': 'A node threw something unexpected: a bug of the node.',
    'lost-value': 'A value that is needed is gone from the cache and cannot be made again as it was.',
    timeout: 'A task took longer than its step allows.',
    'command-failed': 'A program ended with an error, could not be started, or did not write what it should.',
    'too-little-memory': 'A value that cannot be divided does not fit into the memory of a worker.',
    'worker-crash': 'A worker process ended while it had work.',
    'empty-selection': 'A selection chooses no item, or names items that are not there.',
  },
  'The store (cache)': {
    'store-busy': 'Another process holds the store for longer than can be waited.',
    'store-newer': 'The store was written by a newer version.',
    'store-not-built': 'The compiled part of the database package is missing or fits another version of Node.',
    'store-on-network': 'The store lies on a network file system, where SQLite gets damaged.',
    'disk-full': 'There is no space left where the store or the outputs are.',
    'not-permitted': 'The operating system refuses access to a file or folder.',
    'too-many-files': 'The process has as many files open as the system allows.',
    'io-failed': 'Reading or writing failed in another way.',
    'unknown-run': 'The store has no run of this id.',
  },
} as const

type Groups = typeof codeGroups
type CodesOf<Group> = Group extends unknown ? keyof Group : never
export type Code = CodesOf<Groups[keyof Groups]>

/** Code → what it means. */
export const codes = Object.assign({}, ...Object.values(codeGroups)) as { readonly [code in Code]: string }
