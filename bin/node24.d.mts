/** Begins this program again, in the same process, with a malloc that gives large blocks back. */
export function tuneMalloc(): void;
