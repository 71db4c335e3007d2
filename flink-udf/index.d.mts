/** Path of the jar with the functions. */
export declare const jarPath: string;
