/** Between what the API server keeps and what its store does: bytes are sealed on their way in and opened on their way out. */

export interface Opened {
  readonly value: Uint8Array;
  /**
   * By what it was sealed: equal texts for the same provider and key. What differs from {@link Transformer.current} should be
   * written anew.
   */
  readonly seal: string;
}

export interface Transformer {
  /** `context`: the key under which it is stored; what was sealed under another one does not open. Throws {@link TransformError}. */
  open(data: Uint8Array, context: string): Opened | Promise<Opened>;
  /** Throws {@link TransformError}. */
  seal(data: Uint8Array, context: string): Uint8Array;
  /** By what {@link seal} seals now. */
  readonly current: string;
}

export class TransformError extends Error {
  override readonly name = "TransformError";
}

/** A transformer and what its data begin with. */
export interface Prefixed {
  readonly prefix: string;
  readonly transformer: Transformer;
}

interface Choice extends Prefixed {
  readonly bytes: Buffer;
}

/**
 * Seals with the first of several transformers and opens with whichever prefix fits. Several may have the same prefix (an old and
 * a new key of one name): each is tried. `otherwise` is the fault when none fits.
 */
export class PrefixTransformer implements Transformer {
  readonly #choices: readonly Choice[];
  readonly #otherwise: string;

  constructor(otherwise: string, choices: readonly Prefixed[]) {
    this.#otherwise = otherwise;
    this.#choices = choices.map((choice) => ({ ...choice, bytes: Buffer.from(choice.prefix) }));
  }

  get first(): Prefixed {
    return this.#choices[0] as Prefixed;
  }

  get current(): string {
    const { prefix, transformer } = this.first;
    return prefix + transformer.current;
  }

  seal(data: Uint8Array, context: string): Uint8Array {
    const { prefix, transformer } = this.first;
    const sealed = transformer.seal(data, context);
    return prefix === "" ? sealed : Buffer.concat([Buffer.from(prefix), sealed]);
  }

  open(data: Uint8Array, context: string): Opened | Promise<Opened> {
    return this.#open(data, context, 0, []);
  }

  #open(data: Uint8Array, context: string, from: number, faults: readonly string[]): Opened | Promise<Opened> {
    for (let i = from; i < this.#choices.length; i++) {
      const choice = this.#choices[i] as Choice;
      if (!startsWith(data, choice.bytes)) continue;
      const next = (error: unknown): Opened | Promise<Opened> => {
        if (!(error instanceof TransformError)) throw error;
        // No prefix: data that is not encrypted. What is says nothing against the others.
        return this.#open(data, context, i + 1, choice.prefix === "" ? faults : [...faults, error.message]);
      };
      try {
        const opened = choice.transformer.open(data.subarray(choice.bytes.length), context);
        return opened instanceof Promise ? opened.then((o) => marked(choice.prefix, o), next) : marked(choice.prefix, opened);
      } catch (error) {
        return next(error);
      }
    }
    const distinct = [...new Set(faults)];
    if (distinct.length === 0) throw new TransformError(this.#otherwise);
    throw new TransformError(distinct.length === 1 ? (distinct[0] as string) : `[${distinct.join(", ")}]`);
  }

  /** Which prefix the data have; undefined: none that is known. */
  prefixOf(data: Uint8Array): string | undefined {
    return this.#choices.find(({ bytes }) => startsWith(data, bytes))?.prefix;
  }
}

const marked = (prefix: string, { value, seal }: Opened): Opened => ({ value, seal: prefix + seal });

function startsWith(data: Uint8Array, prefix: Uint8Array): boolean {
  if (data.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (data[i] !== prefix[i]) return false;
  return true;
}
