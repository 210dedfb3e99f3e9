/**
 * Writes gnostic's protobuf messages. Values of any shape travel as YAML; JSON is YAML. Fields are written last to first: the writer fills
 * its buffer from the end.
 */
import { ProtobufWriter } from "../protobuf-writer.ts";

export type Json = Record<string, unknown>;
export type Write = () => void;

export class GnosticWriter {
  protected readonly w: ProtobufWriter = new ProtobufWriter();

  protected message(number: number, write: Write): void {
    const { mark } = this.w;
    write();
    this.w.lengthSince(mark);
    this.w.tag((number << 3) | 2);
  }

  protected list<T>(number: number, items: readonly T[], write: (item: T) => void): void {
    for (let i = items.length - 1; i >= 0; i--) this.message(number, () => write(items[i] as T));
  }

  /** A message that holds nothing but a list of named things. */
  protected messages<T>(number: number, items: readonly T[], write: (item: T) => void): void {
    this.message(number, () => this.list(1, items, write));
  }

  protected named([name, value]: [string, unknown], write: (value: unknown) => void): void {
    this.message(2, () => write(value));
    this.string(1, name);
  }

  protected string(number: number, text: unknown): void {
    if (typeof text !== "string" || text === "") return;
    this.w.string(text);
    this.w.tag((number << 3) | 2);
  }

  protected strings(number: number, texts: unknown): void {
    for (const text of ((texts as string[] | undefined) ?? []).toReversed()) {
      this.w.string(text);
      this.w.tag((number << 3) | 2);
    }
  }

  protected bool(number: number, value: unknown): void {
    if (value !== true) return;
    this.w.byte(1);
    this.w.tag(number << 3);
  }

  protected integer(number: number, value: unknown): void {
    if (typeof value !== "number" || value === 0) return;
    this.w.int64(value);
    this.w.tag(number << 3);
  }

  protected double(number: number, value: unknown): void {
    if (typeof value !== "number" || value === 0) return;
    this.w.double(value);
    this.w.tag((number << 3) | 1);
  }

  /** `Any`: the value as YAML text. */
  protected any(value: unknown): void {
    this.string(2, `${JSON.stringify(value)}\n`);
  }

  protected anyField(number: number, value: unknown): void {
    if (value !== undefined) this.message(number, () => this.any(value));
  }

  protected extensions(number: number, object: Json): void {
    this.list(
      number,
      Object.entries(object).filter(([key]) => key.startsWith("x-")),
      (e) => this.named(e, (v) => this.any(v)),
    );
  }
}
