// Where deployments are remembered: a folder that this process and the gateway both reach, each by its
// own address. Whoever knows the storage makes one.

/** The folder of an environment's deployments. */
export interface PlanFolder {
  /** Its address for Flink, without a slash at the end: `file:///data/checkpoints/flink/shop-fleet`. */
  readonly uri: string;
  read(name: string): Promise<string | null>;
  /** False, and nothing is written, when `isNew` and there is one of that name. */
  write(name: string, text: string, isNew?: boolean): Promise<boolean>;
  remove(name: string): Promise<void>;
  list(): Promise<readonly string[]>;
}
