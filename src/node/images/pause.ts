/**
 * The program of a pod's sandbox, assembled here: an ELF file of some 250 bytes without libraries. It blocks SIGCHLD,
 * SIGTERM and SIGINT (a blocked signal reaches process 1 even where its default is to be ignored), waits for one, reaps
 * every zombie on SIGCHLD and leaves with status 0 on the others.
 */
export type Architecture = "amd64" | "arm64";

const signals = { int: 2, term: 15, child: 17 } as const;
const mask = (1 << (signals.int - 1)) | (1 << (signals.term - 1)) | (1 << (signals.child - 1));

/** Machine code with labels: jumps are filled in when every address is known. */
class Assembler {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #jumps: { at: number; to: string; patch: (offset: number) => number[] }[] = [];

  emit(...bytes: number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }

  word(value: number): this {
    return this.emit(...littleEndian(value, 4));
  }

  label(name: string): this {
    this.#labels.set(name, this.#bytes.length);
    return this;
  }

  /** `patch` turns the distance from the jump's first byte to the label into the jump's bytes, `length` of them. */
  jump(to: string, length: number, patch: (offset: number) => number[]): this {
    this.#jumps.push({ at: this.#bytes.length, to, patch });
    return this.emit(...new Array<number>(length).fill(0));
  }

  link(): Buffer {
    for (const { at, to, patch } of this.#jumps) {
      const target = this.#labels.get(to);
      if (target === undefined) throw new Error(`no label ${to}`);
      patch(target - at).forEach((byte, i) => (this.#bytes[at + i] = byte));
    }
    return Buffer.from(this.#bytes);
  }
}

function littleEndian(value: number, length: number): number[] {
  return Array.from({ length }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff);
}

function amd64(): Buffer {
  const call = { rtSigprocmask: 14, rtSigtimedwait: 128, wait4: 61, exitGroup: 231 };
  const a = new Assembler();
  const movEax = (n: number): Assembler => a.emit(0xb8, ...littleEndian(n, 4));
  const syscall = (): Assembler => a.emit(0x0f, 0x05);
  const short = (opcode: number, to: string): Assembler => a.jump(to, 2, (offset) => [opcode, (offset - 2) & 0xff]);
  const jmp = (to: string): Assembler => short(0xeb, to);
  const je = (to: string): Assembler => short(0x74, to);
  const jg = (to: string): Assembler => short(0x7f, to);
  const cmpEax = (n: number): Assembler => a.emit(0x83, 0xf8, n);
  a.emit(0x48, 0x83, 0xec, 0x10); // sub rsp, 16
  a.emit(0x48, 0xc7, 0x04, 0x24, ...littleEndian(mask, 4)); // mov qword [rsp], mask
  movEax(call.rtSigprocmask).emit(0x31, 0xff, 0x48, 0x89, 0xe6, 0x31, 0xd2, 0x41, 0xba, 8, 0, 0, 0); // (SIG_BLOCK, rsp, 0, 8)
  syscall();
  a.label("wait");
  movEax(call.rtSigtimedwait).emit(0x48, 0x89, 0xe7, 0x31, 0xf6, 0x31, 0xd2, 0x41, 0xba, 8, 0, 0, 0); // (rsp, 0, 0, 8)
  syscall();
  cmpEax(signals.child);
  je("reap");
  cmpEax(signals.term);
  je("exit");
  cmpEax(signals.int);
  je("exit");
  jmp("wait");
  a.label("reap");
  movEax(call.wait4).emit(0x48, 0xc7, 0xc7, 0xff, 0xff, 0xff, 0xff, 0x31, 0xf6, 0xba, 1, 0, 0, 0, 0x45, 0x31, 0xd2); // (-1, 0, WNOHANG, 0)
  syscall();
  a.emit(0x85, 0xc0); // test eax, eax
  jg("reap");
  jmp("wait");
  a.label("exit");
  movEax(call.exitGroup).emit(0x31, 0xff);
  syscall();
  return a.link();
}

function arm64(): Buffer {
  const call = { rtSigprocmask: 135, rtSigtimedwait: 137, wait4: 260, exitGroup: 94 };
  const a = new Assembler();
  const movz = (register: number, value: number): Assembler => a.word(0xd2800000 + value * 32 + register);
  const sp = (register: number): Assembler => a.word(0x910003e0 + register); // add xN, sp, #0
  const svc = (number: number): Assembler => movz(8, number).word(0xd4000001);
  const cmp = (value: number): Assembler => a.word(0x7100001f + value * 1024); // cmp w0, #value
  const branchIf = (condition: number, to: string): Assembler =>
    a.jump(to, 4, (offset) => littleEndian(0x54000000 + ((offset / 4) & 0x7ffff) * 32 + condition, 4));
  const branch = (to: string): Assembler => a.jump(to, 4, (offset) => littleEndian(0x14000000 + ((offset / 4) & 0x3ffffff), 4));
  const [equal, greater] = [0, 12];
  a.word(0xd10043ff); // sub sp, sp, #16
  movz(0, mask & 0xffff).word(0xf2a00000 + (mask >>> 16) * 32); // movk x0, mask >> 16, lsl 16
  a.word(0xf90003e0); // str x0, [sp]
  movz(0, 0);
  sp(1);
  movz(2, 0);
  movz(3, 8);
  svc(call.rtSigprocmask);
  a.label("wait");
  sp(0);
  movz(1, 0);
  movz(2, 0);
  movz(3, 8);
  svc(call.rtSigtimedwait);
  cmp(signals.child);
  branchIf(equal, "reap");
  cmp(signals.term);
  branchIf(equal, "exit");
  cmp(signals.int);
  branchIf(equal, "exit");
  branch("wait");
  a.label("reap");
  a.word(0x92800000); // mov x0, -1
  movz(1, 0);
  movz(2, 1);
  movz(3, 0);
  svc(call.wait4);
  cmp(0);
  branchIf(greater, "reap");
  branch("wait");
  a.label("exit");
  movz(0, 0);
  svc(call.exitGroup);
  return a.link();
}

/** A 64-bit little-endian static executable: one header, one loadable read-execute segment. */
function elf(machine: number, code: Buffer): Buffer {
  const headers = 64 + 56;
  const base = 0x400000;
  const file = Buffer.alloc(headers);
  file.write("\x7fELF\x02\x01\x01", 0, "latin1");
  file.writeUInt16LE(2, 16); // ET_EXEC
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(base + headers), 24); // entry
  file.writeBigUInt64LE(64n, 32); // program headers
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt16LE(64, 58);
  file.writeUInt32LE(1, 64); // PT_LOAD
  file.writeUInt32LE(5, 68); // R+X
  file.writeBigUInt64LE(BigInt(base), 80);
  file.writeBigUInt64LE(BigInt(base), 88);
  file.writeBigUInt64LE(BigInt(headers + code.length), 96);
  file.writeBigUInt64LE(BigInt(headers + code.length), 104);
  file.writeBigUInt64LE(0x10000n, 112); // alignment: the largest page of arm64
  return Buffer.concat([file, code]);
}

/** The executable for one architecture. */
export function pauseBinary(architecture: Architecture): Buffer {
  return architecture === "amd64" ? elf(62, amd64()) : elf(183, arm64());
}
