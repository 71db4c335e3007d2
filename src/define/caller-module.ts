// Which module called a function that users call, read from the stack; unknown when that tells nothing.
// It says where something was declared, for relative paths and for other threads, and nothing else.

/** URL or path of the file of the third frame: whoever made the stack, the function, then the file meant. */
export function callerModule(stack: string): string | null {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const match = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()]*?)(?::\d+)*\)?$/.exec(frames[2] ?? '');
  return match?.[1] ?? null;
}
