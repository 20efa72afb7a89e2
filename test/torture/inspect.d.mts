export declare function digestTree(folder: string): { readonly [path: string]: string }
export declare function resultsOf(folder: string): ReadonlyMap<string, string>
export declare function faultsOf(folder: string, reference: ReadonlyMap<string, string>): readonly string[]
